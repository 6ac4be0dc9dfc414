//! Judges of how stores and logs are kept: versions, keys, whose they are, sizes, and what is in logs that
//! should not be.

use std::collections::BTreeMap;
use std::path::Path;

use super::session::{answered, is_starting};
use super::{Judged, Said, Stop, known, line, or_fine};
use crate::facts::{DatabaseHealth, Facts, Leaks, LogFacts, MessagesFacts, OpenRun, Probed, SessionFacts, StoreFacts};
use crate::report::{Severity, count, quoted, size};
use crate::session::messages::VERSION;
use crate::session::state::State;
use crate::session::store::LAST_KNOWN_MIGRATION;

/// Fewer one-time keys than this are gone before the server asks for new ones.
const PREKEYS_MIN: u64 = 20;
/// The client library uploads keys at once when it logs in; after so long they should be there.
const UPLOAD_MS: i64 = 2 * 60 * 1000;
/// A write-ahead log is emptied every few MiB.
const WAL_BYTES_MAX: u64 = 256 << 20;
/// A log of the daemon may be so much larger than it should: a line is written before it is counted.
const LOG_SLACK_BYTES: u64 = 1 << 20;

/// Both databases have the tables that this program knows.
pub fn migrations(facts: &Facts, session: &SessionFacts) -> Judged {
    let store = known(&session.store, "session.db")?;
    // A daemon makes the tables as it comes up, one after the other.
    if is_starting(facts, session) && store.particulars.last_migration.as_deref() < Some(LAST_KNOWN_MIGRATION) {
        return Err(Stop::Skipped("the daemon has just started and may still be making the tables".into()));
    }
    // A store that holds tables and says nothing of them is not one that an older wpp wrote.
    let migration = store.particulars.last_migration.as_ref().filter(|migration| !migration.is_empty());
    let migration = match (&store.health, migration) {
        (DatabaseHealth::Whole, Some(migration)) => migration,
        (DatabaseHealth::Whole, None) => {
            return Ok(vec![
                Said::bad(
                    "session.db does not say which migrations it has: it is no store of the client library, or a part of one",
                )
                .seen("newest migration of session.db", LAST_KNOWN_MIGRATION, "none is written down")
                .by_hand(
                    "no daemon comes up on it: keep the file, see which archives there are, and restore the newest",
                    line(facts, Some(&session.name), "backup list"),
                ),
            ]);
        }
        (DatabaseHealth::Interrupted, _) => {
            return Err(Stop::Skipped("an interrupted write to session.db waits to be rolled back".into()));
        }
        (DatabaseHealth::Damaged { .. } | DatabaseHealth::Replaced { .. }, _) => {
            return Err(Stop::Unknown("session.db cannot be read, as it is".into()));
        }
    };
    let mut said = Vec::new();
    let seen = |said: Said| said.seen("newest migration of session.db", LAST_KNOWN_MIGRATION, migration.clone());
    if migration.as_str() > LAST_KNOWN_MIGRATION {
        said.push(
            seen(Said::bad("session.db was migrated by a newer wpp than this one, which cannot read it safely"))
                .by_hand("use the wpp that last ran this session, or a newer one", line(facts, Some(&session.name), "status")),
        );
    } else if migration != LAST_KNOWN_MIGRATION {
        // A daemon migrates as it comes up.
        let severity = if session.is_held() == Some(true) { Severity::Error } else { Severity::Warning };
        said.push(
            seen(Said::bad("session.db is migrated only in part, or by an older wpp").severity(severity))
                .by_hand("make a backup, then let the daemon finish it", line(facts, Some(&session.name), "start")),
        );
    }
    if let Probed::Known(messages) = &session.messages
        && let Some(version) = messages.version
        && version > VERSION
    {
        said.push(
            Said::bad("wpp.db was written by a newer wpp than this one, which cannot read it")
                .seen("version of wpp.db", format!("at most {VERSION}"), version.to_string())
                .by_hand("use the wpp that last ran this session, or a newer one", line(facts, Some(&session.name), "status")),
        );
    }
    or_fine(said, "both databases have the tables that this wpp knows")
}

fn linked(session: &SessionFacts) -> Result<&StoreFacts, Stop> {
    let store = known(&session.store, "session.db")?;
    match store.paired {
        Some(true) => Ok(store),
        Some(false) => Err(Stop::Skipped("the session is not linked to a phone".into())),
        None => Err(Stop::Unknown("session.db does not say whether it is linked".into())),
    }
}

/// There are one-time keys for those who write for the first time.
pub fn prekeys(facts: &Facts, session: &SessionFacts) -> Judged {
    let Some((left, on_server)) = linked(session)?.particulars.prekeys else {
        return Err(Stop::Unknown("the one-time keys in session.db cannot be counted".into()));
    };
    let restart = line(facts, Some(&session.name), "restart");
    // Without a connection nothing is uploaded, and nobody can be told to do anything about it.
    let status = match answered(session) {
        Ok(status) if status.state == State::Ready && facts.now_ms.saturating_sub(status.since_ms) > UPLOAD_MS => Some(status),
        _ => None,
    };
    let seen = |said: Said| said.seen("one-time keys that were uploaded", format!("at least {PREKEYS_MIN}"), left.to_string());
    // The server goes on handing out what it was given. The library uploads others when it is asked for them, and makes
    // none by itself while its row says that the server has some.
    let is_lost = on_server && left == 0 && session.is_held() == Some(false);
    Ok(vec![match status {
        None if is_lost => seen(
            Said::bad(
                "the one-time keys that were uploaded are gone from session.db: what is written first with one of them cannot be read",
            )
            .severity(Severity::Error),
        )
        .by_hand(
            "keep the file, see which archives there are, and restore the newest that holds them: the server is then given new ones",
            line(facts, Some(&session.name), "backup list"),
        ),
        Some(_) if !on_server => seen(
            Said::bad("the server holds no one-time keys of this session: who writes for the first time fails")
                .severity(Severity::Error),
        )
        .by_hand("restart the daemon, which uploads them as it logs in", restart),
        Some(_) if left < PREKEYS_MIN => seen(Said::bad(format!(
            "only {} left for those who write for the first time",
            count(left, "one-time key is", "one-time keys are")
        )))
        .by_hand("restart the daemon, which uploads new ones when the server asks for them", restart),
        Some(_) => Said::ok(format!("{left} one-time keys are left")),
        None => Said::ok(format!("{left} one-time keys are left; they are uploaded at the next connection")),
    }])
}

/// The write-ahead logs beside the databases are emptied.
pub fn write_log(facts: &Facts, session: &SessionFacts) -> Judged {
    let log = known(&session.log, "the sizes of the session's files")?;
    let said =
        [("session.db", log.store_bytes), ("wpp.db", log.messages_bytes)].into_iter().filter_map(|(name, (database, wal))| {
            let most = WAL_BYTES_MAX.max(database);
            (wal > most).then(|| {
                Said::bad(format!(
                    "{name}-wal is {} large: a reader that never ends, or a full disk, keeps it from being emptied",
                    size(wal)
                ))
                .seen(format!("{name}-wal"), format!("at most {}", size(most)), size(wal))
                .by_hand(
                    "end whoever reads the database for long, then restart the daemon",
                    line(facts, Some(&session.name), "restart"),
                )
            })
        });
    let said: Vec<Said> = said.collect();
    or_fine(said, "the write-ahead logs are small")
}

/// Both databases are of one account, and the store is of one device.
pub fn identities(facts: &Facts, session: &SessionFacts) -> Judged {
    let store = linked(session)?;
    let backups = line(facts, Some(&session.name), "backup list");
    let particulars = &store.particulars;
    let mut said = Vec::new();
    match particulars.devices {
        Some(1) => {}
        Some(devices) => said.push(
            Said::bad(format!("session.db holds {devices} linked devices, and wpp runs one"))
                .seen("linked devices in session.db", "1", devices.to_string())
                .by_hand("another program used this folder; restore an archive from before that", backups.clone()),
        ),
        None => return Err(Stop::Unknown("the devices in session.db cannot be counted".into())),
    }
    let account = match &session.messages {
        Probed::Known(messages) => messages.account,
        Probed::NotApplicable(_) => None,
        Probed::Failed(reason) => return Err(Stop::Unknown(format!("wpp.db could not be looked at: {reason}"))),
    };
    if let Some(account) = account
        && !particulars.accounts.is_empty()
        && !particulars.accounts.contains(&account)
    {
        said.push(
            Said::bad("session.db is of one account and wpp.db of another: one folder was used for two")
                .seen("account of wpp.db", "that of session.db", "another one")
                .by_hand(
                    "do not start the daemon; restore the database that does not belong here from an archive of this session",
                    backups,
                ),
        );
    }
    or_fine(said, "both databases are of one account, and of one device")
}

/// The one of several sessions with one device's keys that is the copy: what its lock or the journal says leaves no
/// other.
fn copy_among<'a>(sessions: &[&'a SessionFacts]) -> Option<&'a str> {
    let only = |is_copy: &dyn Fn(&SessionFacts) -> bool| {
        let mut copies = sessions.iter().filter(|session| is_copy(session));
        copies.next().filter(|_| copies.next().is_none() && sessions.len() == 2).map(|session| session.name.as_str())
    };
    let was_copied = |session: &SessionFacts| {
        session.rivals.known().is_some_and(|rivals| {
            rivals.copied_from.is_some() || rivals.living.as_ref().is_some_and(|daemon| daemon.folder.is_some())
        })
    };
    // What the journal could not be asked about may have run.
    let never_ran = |session: &SessionFacts| {
        session.is_held() == Some(false)
            && session.journal.known().is_some_and(|journal| journal.lived.is_none() && journal.started.is_none())
    };
    only(&was_copied).or_else(|| only(&never_ran))
}

/// A session that may be another one's copy.
struct Twin<'a> {
    name: &'a str,
    is_held: bool,
    /// What is known of it, if it was to be looked at.
    session: Option<&'a SessionFacts>,
}

/// No two sessions are the same device.
pub fn twins(facts: &Facts) -> Judged {
    let names = known(&facts.host.session_names, "the sessions' names")?;
    if names.len() < 2 && facts.sessions.len() < 2 {
        return Ok(vec![Said::ok("there are no two sessions")]);
    }
    let mut devices: BTreeMap<u64, Vec<Twin>> = BTreeMap::new();
    let mut unseen = Vec::new();
    let mut failed = |name: &str, reason: &str| unseen.push(Said::bad(format!("{name}: {reason}")).severity(Severity::Unknown));
    for session in &facts.sessions {
        match &session.store {
            Probed::Known(store) => {
                if let Some(device) = store.particulars.device {
                    let is_held = session.is_held() == Some(true);
                    let twin = Twin { name: &session.name, is_held, session: Some(session) };
                    devices.entry(device).or_default().push(twin);
                }
            }
            Probed::NotApplicable(_) => {}
            Probed::Failed(reason) => failed(&session.name, reason),
        }
    }
    let mut left_out = 0;
    if facts.sessions.len() < names.len() {
        let others = known(&facts.host.upkeep.other_stores, "the stores of other sessions")?;
        left_out = others.left_out;
        for other in &others.stores {
            match &other.device {
                // Two of which none was to be looked at are told when they are.
                Probed::Known(Some(device)) => {
                    if let Some(same) = devices.get_mut(device) {
                        same.push(Twin { name: &other.session, is_held: other.is_held, session: None });
                    }
                }
                Probed::Known(None) | Probed::NotApplicable(_) => {}
                Probed::Failed(reason) => failed(&other.session, reason),
            }
        }
    }
    let mut said: Vec<Said> = devices
        .values()
        .filter(|sessions| sessions.len() > 1)
        .map(|sessions| {
            let names: Vec<&str> = sessions.iter().map(|twin| twin.name).collect();
            let alive = sessions.iter().filter(|twin| twin.is_held).count();
            let said =
                Said::bad(format!("{} are one and the same device: a copy stands beside the original", names.join(" and ")))
                    .severity(if alive > 1 { Severity::Critical } else { Severity::Error })
                    .seen("sessions with one device's keys", "one", names.join(", "));
            // Of one that was not to be looked at no more is known.
            let looked_at: Option<Vec<&SessionFacts>> = sessions.iter().map(|twin| twin.session).collect();
            match looked_at.as_deref().and_then(copy_among) {
                Some(copy) => said.by_hand(
                    format!("{copy} looks like the copy: see that it is, and reset it before anybody starts it"),
                    line(facts, Some(copy), "reset --dry-run"),
                ),
                None => said.by_hand(
                    "find out which of them connected last and keep that one; reset the others before anybody starts them",
                    line(facts, None, "doctor --all --only wpp.store.twins"),
                ),
            }
        })
        .collect();
    said.extend(unseen);
    if said.is_empty() && left_out > 0 {
        let reason =
            format!("{} not looked at; `wpp doctor --all` compares all", count(left_out, "session was", "sessions were"));
        return Err(Stop::Skipped(reason));
    }
    or_fine(said, "every session is a device of its own")
}

fn log(session: &SessionFacts) -> Result<&LogFacts, Stop> {
    known(&session.log, "the session's log")
}

/// The log is rotated.
pub fn rotation(facts: &Facts, session: &SessionFacts) -> Judged {
    let log = log(session)?;
    let most = log.size_bytes_max.saturating_add(LOG_SLACK_BYTES);
    let mut said = Vec::new();
    let settings = line(facts, None, "config");
    if log.size_bytes > most {
        said.push(
            Said::bad(format!("the log has grown to {} and was not rotated", size(log.size_bytes)))
                .seen("size of the log", format!("at most {}", size(log.size_bytes_max)), size(log.size_bytes))
                .by_hand("restart the daemon, which rotates it", line(facts, Some(&session.name), "restart")),
        );
    }
    if log.rotated > log.files_max + 1 {
        said.push(
            Said::bad(format!(
                "{} of {} lie beside the log, more than log.files_max",
                count(log.rotated, "old log", "old logs"),
                size(log.all_bytes)
            ))
            .seen("old logs", format!("at most {}", log.files_max), log.rotated.to_string())
            .by_hand("remove the oldest; somebody else rotates this log, too, or log.files_max was lowered", settings),
        );
    }
    or_fine(said, format!("the logs hold {}", size(log.all_bytes)))
}

/// Why the texts of a session's messages could not be looked for; `None` where they were, or there are none.
fn unsought(session: &SessionFacts) -> Option<String> {
    let why = match &session.messages {
        Probed::Known(messages) if messages.health == DatabaseHealth::Whole && messages.rows.is_some() => return None,
        Probed::Known(MessagesFacts { health: DatabaseHealth::Whole, faults, .. }) if faults.is_empty() => {
            "wpp.db is of a version that is not known here"
        }
        Probed::Known(_) => "wpp.db cannot be read, as it is",
        Probed::NotApplicable(_) => return None,
        Probed::Failed(reason) => reason,
    };
    Some(why.to_owned())
}

/// Nobody is named in the log, and nothing secret stands in it.
pub fn log_leaks(facts: &Facts, session: &SessionFacts) -> Judged {
    let leaks = &log(session)?.leaks;
    let mut said = leaked(leaks, |_| None);
    // In what is empty nothing was to be looked for.
    if leaks.read_bytes > 0
        && let Some(why) = unsought(session)
    {
        let text = format!("whether the log holds what was written in messages was not looked at: {why}");
        said.push(Said::bad(text).severity(Severity::Unknown));
    }
    let texts = session.messages.known().and_then(|messages| messages.texts_in_log).unwrap_or(0);
    if texts > 0 {
        said.push(
            Said::bad(format!("the log holds what was written in {}", count(texts, "message", "messages")))
                .seen("newest messages that stand in the log", "none", texts.to_string())
                .by_hand(
                    "remove the log, and report this as a bug of wpp unless another program writes there",
                    format!(
                        "ls -l {}",
                        quoted(&facts.host.home.join("sessions").join(&session.name).join("logs").display().to_string())
                    ),
                ),
        );
    }
    let end = if leaks.is_cut { "the newest " } else { "" };
    or_fine(said, format!("nothing in {end}{} of the log should not be there", size(leaks.read_bytes)))
}

/// The same of reports.
pub fn report_leaks(facts: &Facts) -> Judged {
    let leaks = known(&facts.host.upkeep.reports, "the reports")?;
    let open = facts.host.upkeep.open_runs.known().map(Vec::as_slice).unwrap_or_default();
    let mut said = leaked(leaks, |file| {
        let holds = |run: &&OpenRun| !run.run.is_empty() && Path::new(file).iter().any(|part| part == run.run.as_str());
        let run = &open.iter().find(holds)?.run;
        // Without the file what is left of the run would be no evidence.
        Some((
            format!("the run {run} was cut off, and its evidence is cleaned when it ends: take it back, or go on with it"),
            format!("{} runbook undo {run}", facts.host.program),
        ))
    });
    // In what is empty nothing was to be looked for.
    let sessions = facts.sessions.iter().filter(|_| leaks.read_bytes > 0);
    let unsought: Vec<(&str, String)> =
        sessions.filter_map(|session| Some((session.name.as_str(), unsought(session)?))).collect();
    if let Some((first, why)) = unsought.first() {
        let more = if unsought.len() > 1 { format!(" and {} more", unsought.len() - 1) } else { String::new() };
        let text = format!("whether reports hold what was written in messages of {first}{more} was not looked at: {why}");
        said.push(Said::bad(text).severity(Severity::Unknown));
    }
    let newest = if leaks.is_cut { "the newest " } else { "" };
    let texts = match leaks.texts {
        0 => String::new(),
        texts => format!(", and none of the {} of messages", count(texts, "newest text", "newest texts")),
    };
    or_fine(said, format!("nothing in {newest}{} of reports should not be there{texts}", size(leaks.read_bytes)))
}

/// What should not be in files. `mended` knows files that are not to be removed, and what is to be done and run
/// instead.
fn leaked(leaks: &Leaks, mended: impl Fn(&str) -> Option<(String, String)>) -> Vec<Said> {
    let said = leaks.found.iter().map(|leak| {
        let times = count(leak.times, "place", "places");
        let (what, line) = mended(&leak.file).unwrap_or_else(|| {
            let what = "see what wrote it; then remove the file, and replace the secret if it was one".to_owned();
            (what, format!("ls -l {}", quoted(&leak.file)))
        });
        Said::bad(format!("{} holds {}, in {times}", leak.file, leak.kind.name()))
            .seen(leak.kind.name(), format!("nowhere in {}", leak.file), times)
            .by_hand(what, line)
    });
    let unread = leaks.unread.iter().map(|reason| Said::bad(reason.clone()).severity(Severity::Unknown));
    said.chain(unread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::cases::whole;
    use crate::facts::{Leak, LeakKind};

    #[test]
    fn evidence_of_a_run_that_was_cut_off_is_not_to_be_removed() {
        let mut facts = whole();
        let found = ["/h/reports/look-x/transcripts/one.txt", "/h/reports/other-x/report.md"].map(|file| Leak {
            file: file.into(),
            kind: LeakKind::Jid,
            times: 1,
        });
        facts.host.upkeep.reports = Probed::Known(Leaks { read_bytes: 9, found: found.to_vec(), ..Leaks::default() });
        facts.host.upkeep.open_runs = Probed::Known(vec![OpenRun { run: "look-x".into(), ..OpenRun::default() }]);
        let Ok(said) = report_leaks(&facts) else { panic!("it was not judged") };
        let commands: Vec<&str> = said.iter().map(|said| said.remedy.as_ref().unwrap().command.as_str()).collect();
        assert_eq!(commands, ["wpp runbook undo look-x", "ls -l /h/reports/other-x/report.md"]);
    }
}
