//! Judges of the two databases.

use super::start::being_replaced;
use super::{Judged, Said, Stop, known, line};
use crate::clock;
use crate::facts::{DatabaseHealth, Facts, MessagesRows, Probed, SearchIndex, SessionFacts, StoreFault};
use crate::report::{Severity, quoted};
use crate::session::messages::VERSION;
use crate::session::store::LAST_KNOWN_MIGRATION;

/// The client library's store is whole.
pub fn session_db(facts: &Facts, session: &SessionFacts) -> Judged {
    let store = known(&session.store, "session.db")?;
    if (matches!(store.health, DatabaseHealth::Damaged { .. }) || !store.faults.is_empty())
        && let Some(said) = being_replaced(facts, session)
    {
        return Ok(vec![said]);
    }
    Ok(vec![match &store.health {
        DatabaseHealth::Whole if !store.faults.is_empty() => {
            let severity = if store.faults.iter().any(|fault| fault.is_vital) { Severity::Critical } else { Severity::Error };
            lacking("session.db", &store.faults).severity(severity).by_hand(KEEP_AND_RESTORE, backups(facts, session))
        }
        DatabaseHealth::Whole if store.particulars.last_migration.as_deref() == Some(LAST_KNOWN_MIGRATION) => {
            Said::ok("session.db passes quick_check, has all its tables, and its keys can be read")
        }
        // What another version holds is not known here.
        DatabaseHealth::Whole => Said::ok("session.db passes quick_check"),
        DatabaseHealth::Interrupted => interrupted(facts, session, "session.db"),
        DatabaseHealth::Replaced { by } => replaced(facts, session, "session.db", by).severity(Severity::Critical),
        DatabaseHealth::Damaged { problems } => Said::bad(format!("session.db is damaged: {}", first(problems)))
            .severity(Severity::Critical)
            .seen("quick_check of session.db", "ok", problems.join("; "))
            .by_hand(KEEP_AND_RESTORE, backups(facts, session)),
    }])
}

const KEEP_AND_RESTORE: &str = "stop the session, keep the damaged file, and restore the newest archive that is listed";

fn backups(facts: &Facts, session: &SessionFacts) -> String {
    line(facts, Some(&session.name), "backup list")
}

/// What is said of a database whose pages are whole and that lacks something.
fn lacking(name: &str, faults: &[StoreFault]) -> Said {
    let first = faults.first().map_or_else(String::new, |fault| format!("{} {}: {}", fault.place, is(fault), fault.lost));
    let more = match faults.len() {
        0 | 1 => String::new(),
        all => format!("; and {} more like that", all - 1),
    };
    let said = Said::bad(format!("{name} is damaged, though SQLite finds nothing wrong with it: {first}{more}"));
    faults.iter().fold(said, |said, fault| {
        said.seen(format!("{} of {name}", fault.place), "as the session left it", format!("{}: {}", fault.observed, fault.lost))
    })
}

/// `the table prekeys is missing: the one-time keys`, `rows of table prekeys: 3 of 100 …`.
fn is(fault: &StoreFault) -> String {
    match fault.observed.split_once(' ') {
        None => format!("is {}", fault.observed),
        Some(_) => format!("({})", fault.observed),
    }
}

/// The messages' database is whole, and there if the session was linked.
pub fn messages_db(facts: &Facts, session: &SessionFacts) -> Judged {
    let bring_back = bring_back(facts, session);
    if let (Probed::NotApplicable(_), Probed::Known(store)) = (&session.messages, &session.store)
        && store.paired == Some(true)
    {
        if let Some(said) = being_replaced(facts, session) {
            return Ok(vec![said]);
        }
        return Ok(vec![
            Said::bad("the session is linked to a phone, and its wpp.db, which holds the messages, is gone")
                .seen("wpp.db", "holds the messages", "no such file")
                .by_hand(bring_back.0, bring_back.1),
        ]);
    }
    let messages = known(&session.messages, "wpp.db")?;
    Ok(vec![match &messages.health {
        DatabaseHealth::Whole if !messages.faults.is_empty() => {
            lacking("wpp.db", &messages.faults).by_hand(bring_back.0, bring_back.1)
        }
        DatabaseHealth::Whole if messages.version.is_some_and(|version| (1..=VERSION).contains(&version)) => {
            Said::ok("wpp.db passes quick_check and has all its tables")
        }
        DatabaseHealth::Whole => Said::ok("wpp.db passes quick_check"),
        DatabaseHealth::Interrupted => interrupted(facts, session, "wpp.db"),
        DatabaseHealth::Replaced { by } => replaced(facts, session, "wpp.db", by),
        DatabaseHealth::Damaged { problems } => Said::bad(format!("wpp.db is damaged: {}", first(problems)))
            .seen("quick_check of wpp.db", "ok", problems.join("; "))
            .by_hand(bring_back.0, bring_back.1),
    }])
}

/// How the messages come back, and the command: from an archive where one is known to be there.
fn bring_back(facts: &Facts, session: &SessionFacts) -> (&'static str, String) {
    let (what, words) = match &session.backups {
        Probed::Known(backups) if backups.whole_ms.is_some() => (
            "restore the messages from the newest archive before the session starts; the Signal state stays as it is",
            "restore latest --plan data",
        ),
        Probed::Known(_) if facts.host.journal_there == Probed::Known(false) => (
            "without the journal it is not known here which archives there are: see what the folder of archives holds",
            "backup list",
        ),
        Probed::Known(_) => (
            "no whole archive of this session is known here: begin with new messages; the link and the Signal state stay as they are",
            "start --new-messages",
        ),
        Probed::Failed(_) | Probed::NotApplicable(_) => ("see which archives there are", "backup list"),
    };
    (what, line(facts, Some(&session.name), words))
}

/// The full-text index holds what the messages hold.
pub fn search_index(facts: &Facts, session: &SessionFacts) -> Judged {
    let rebuild = line(facts, Some(&session.name), "search --rebuild");
    Ok(vec![match &known(&session.messages, "wpp.db")?.search_index {
        SearchIndex::InStep => Said::ok("the full-text index is in step"),
        SearchIndex::Missing => Said::bad("there is no full-text index, so every search scans all messages")
            .seen("full-text index of wpp.db", "there", "missing")
            .by_hand("have the daemon make it again", rebuild),
        SearchIndex::OutOfStep { what } => {
            Said::bad("the full-text index does not hold what the messages hold, so searches miss some")
                .seen("full-text index of wpp.db", "in step", what.clone())
                .by_hand("have the daemon make it again", rebuild)
        }
        SearchIndex::Unreadable => return Err(Stop::Skipped("wpp.db cannot be read, as it is".into())),
    }])
}

/// The store holds a linked identity, and the phone has not removed it.
pub fn paired(facts: &Facts, session: &SessionFacts) -> Judged {
    if let (Probed::NotApplicable(_), Probed::Known(messages)) = (&session.store, &session.messages)
        && messages.rows.is_some_and(|rows| rows.was_linked)
    {
        if let Some(said) = being_replaced(facts, session) {
            return Ok(vec![said]);
        }
        // A daemon sets the store of a session that was logged out aside before it makes a new one.
        if let Some(MessagesRows { logged_out_ms: Some(at_ms), .. }) = messages.rows {
            return Ok(vec![logged_out(at_ms, line(facts, Some(&session.name), "reauth"))]);
        }
        return Ok(vec![
            Said::bad("the session was linked to a phone, and its session.db is gone")
                .severity(Severity::Critical)
                .seen("session.db", "holds a linked identity", "no such file")
                .by_hand(
                    "put the file back before the session starts; else restore an archive that is listed, or link anew",
                    line(facts, Some(&session.name), "backup list"),
                ),
        ]);
    }
    let store = known(&session.store, "session.db")?;
    let Some(paired) = store.paired else {
        return Err(Stop::Unknown("session.db does not say whether it is linked".into()));
    };
    let reauth = line(facts, Some(&session.name), "reauth");
    let rows = match &session.messages {
        Probed::Known(messages) => messages.rows.ok_or("wpp.db cannot be read now".to_owned()),
        // The daemon makes it before it connects for the first time.
        Probed::NotApplicable(_) => Ok(MessagesRows::default()),
        Probed::Failed(reason) => Err(reason.clone()),
    };
    Ok(vec![match (paired, rows) {
        (false, Ok(MessagesRows { was_linked: true, .. })) if let Some(said) = being_replaced(facts, session) => said,
        (false, Ok(MessagesRows { was_linked: true, .. })) => Said::bad("the session was linked to a phone and is not any more")
            .severity(Severity::Error)
            .seen("session.db", "holds a linked identity", "holds none")
            .by_hand("link it again", reauth),
        (false, _) => Said::bad("the session is not linked to a phone").by_hand("link it", reauth),
        // The library leaves the store looking linked after a logout; only the daemon's mark knows better.
        (true, Ok(MessagesRows { logged_out_ms: Some(at_ms), .. })) => logged_out(at_ms, reauth),
        (true, Ok(_)) => Said::ok("the store holds a linked identity"),
        (true, Err(reason)) => {
            return Err(Stop::Unknown(format!(
                "the store looks linked, and whether the phone logged it out could not be seen: {reason}"
            )));
        }
    }])
}

fn logged_out(at_ms: i64, reauth: String) -> Said {
    Said::bad("the phone has logged this session out")
        .severity(Severity::Error)
        .seen("mark of a logout in wpp.db", "none", format!("since {}", clock::rfc3339(clock::from_ms(at_ms))))
        .by_hand("link it again", reauth)
}

fn interrupted(facts: &Facts, session: &SessionFacts, name: &str) -> Said {
    Said::bad(format!("an interrupted write to {name} waits to be rolled back; nothing that was committed is lost"))
        .severity(Severity::Warning)
        .seen("what a writer that was killed left", "nothing", format!("{name}-journal"))
        .by_hand(
            "start the daemon, which rolls it back; keep both files together until then",
            line(facts, Some(&session.name), "start"),
        )
}

/// Where the database went is found out before anything is restored: it may be whole, on a disk that is not mounted.
fn replaced(facts: &Facts, session: &SessionFacts, name: &str, by: &str) -> Said {
    let folder = session.paths.first().map_or_else(|| facts.host.home.clone(), |look| look.path.clone());
    let path = folder.join(name).display().to_string();
    Said::bad(format!("{name} is {by}, and no database")).seen(path.clone(), "a file", by).by_hand(
        "find out where the database went: mount what the link leads to, or put the file back",
        format!("ls -la {}", quoted(&path)),
    )
}

fn first(problems: &[String]) -> &str {
    problems.first().map_or("no details", String::as_str)
}
