//! The rekey edit: makes an old copy of `session.db` safe to connect with again.
//!
//! An old copy holds ratchets that the other side has left behind. Connecting with it loses
//! messages without a word: what is sent counts as a repeat, what comes cannot be decrypted. The
//! edit keeps the identity and forgets the ratchets, so that every conversation starts a new
//! Signal session, which nothing is lost by:
//!
//! | what | becomes of it | why |
//! |---|---|---|
//! | sessions, base keys | dropped | they may have moved on |
//! | our own sender keys, who has them | dropped | groups get a new one with the next message |
//! | sender keys of others | kept | they only ever move forward |
//! | device lists, group lists | dropped | they are looked up again |
//! | one-time and signed prekeys | kept | strangers may still use their public halves |
//! | identities, sent messages, app state, the rest | kept | they do not age |
//! | `server_has_prekeys` | no | new one-time keys go up at the next login |
//! | `last_signed_pre_key_rotation_ms` | 1 | and a new signed prekey after them |
//! | `next_pre_key_id` | far above every id that may have been used | the server's pool holds keys under those ids whose private halves are lost |
//!
//! Signal's prekey ids have 24 bits; when there is no room above, the widest gap below is used.
//!
//! It edits a copy that nobody uses, before the copy becomes the session's. Start with [`rekey`];
//! what the journal keeps of it is a [`Rekeyed`], and [`owed_wake`] finds there whether the own
//! phone still has to be woken. May import the ground and [`super::store`].

use std::path::Path;

use rand::RngExt as _;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::store::LAST_KNOWN_MIGRATION;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::sidecar;
use crate::journal::Journal;

/// The largest prekey id: they have 24 bits.
pub const PREKEY_ID_MAX: u32 = 0xff_ffff;

/// The least distance between the highest id that may have been used and the next one: more than
/// the keys of eighty uploads, which nobody may have written down.
pub const JUMP_MIN: u32 = 1 << 16;

/// How much the jump varies, so that two restores that know nothing of each other differ.
const JUMP_SPREAD: u32 = 1 << 18;

/// Room that is left after the next id; the library never uploads more keys at once.
const ROOM: u32 = 1 << 16;

/// The verb under which the journal keeps restores, this edit among them.
const RESTORE: &str = "restore";
/// The verb under which it keeps that the own phone was woken.
pub const WAKE: &str = "wake";
/// The verb under which it keeps that a store was set aside for a new one.
const RELINK: &str = "relink";

/// What the edit did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rekeyed {
    /// Signal sessions that were dropped.
    pub sessions_dropped: u64,
    /// Our own sender keys that were dropped, one for each group.
    pub own_sender_keys_dropped: u64,
    /// One-time keys that strangers may still use.
    pub prekeys_kept: u64,
    /// The highest one-time key id that may have been used, as far as is known.
    pub highest_prekey_id: u32,
    /// The id of the next one-time key.
    pub next_prekey_id: u32,
}

/// Edits the store at `session_db`, which nobody has open. `used` names ids that may have been used
/// and that the store does not know of: those of the store that is in place now, and those that
/// earlier edits of the same identity chose.
///
/// # Errors
/// [`ErrorKind::Denied`] for a store that this version does not know well enough to edit, or in
/// which no phone has admitted the device. The file may then be changed in no way; after any other
/// error it is to be thrown away.
pub fn rekey(session_db: &Path, used: &[u32]) -> Result<Rekeyed> {
    alone(session_db)?;
    let failed = |error| failed(session_db, error);
    disk::faults::point("rekey", session_db)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(session_db, flags).map_err(failed)?;
    let rekeyed = edit(&mut connection, session_db, used, rand::rng().random_range(JUMP_MIN..JUMP_MIN + JUMP_SPREAD))?;
    // Everything into the file itself: what is moved from here on is one file.
    disk::faults::point("checkpoint", session_db)?;
    let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    alone(session_db)?;
    if busy {
        return Err(in_use(session_db));
    }
    disk::sync_file(session_db)?;
    Ok(rekeyed)
}

/// Fails when something lies beside the store: somebody has it open, or did not close it.
fn alone(session_db: &Path) -> Result<()> {
    match ["-wal", "-shm", "-journal"].iter().map(|ending| sidecar(session_db, ending)).find(|path| path.exists()) {
        Some(beside) => Err(in_use(&beside)),
        None => Ok(()),
    }
}

fn in_use(path: &Path) -> Error {
    Error::new(ErrorKind::Locked, format!("{} says that somebody has the unpacked store open", path.display()))
        .hint("close the program that has it open (`lsof` names it), then run the command again")
}

fn edit(connection: &mut Connection, path: &Path, used: &[u32], jump: u32) -> Result<Rekeyed> {
    let failed = |error| failed(path, error);
    let prepare = || -> rusqlite::Result<()> {
        // The store came out of an archive: nothing in its schema may run.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "synchronous", "FULL")
    };
    prepare().map_err(failed)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let migration: Option<String> =
        transaction.query_row("SELECT max(version) FROM __diesel_schema_migrations", [], |row| row.get(0)).map_err(failed)?;
    check_migration(path, &migration.unwrap_or_default())?;
    let run = || -> rusqlite::Result<std::result::Result<Rekeyed, &'static str>> {
        let devices: u64 = transaction.query_row("SELECT count(*) FROM device", [], |row| count(row, 0))?;
        let paired: u64 =
            transaction
                .query_row("SELECT count(*) FROM device WHERE pn <> '' AND account IS NOT NULL", [], |row| count(row, 0))?;
        if devices != 1 {
            return Ok(Err("it holds more than one device, or none"));
        }
        if paired != 1 {
            return Ok(Err("no phone has admitted the device in it"));
        }
        let (pn, lid, next): (String, String, i64) =
            transaction.query_row("SELECT pn, lid, next_pre_key_id FROM device", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;

        let mut ids: Vec<u32> = transaction
            .prepare("SELECT id FROM prekeys")?
            .query_map([], |row| row.get::<_, i64>(0))?
            .map(|id| id.map(prekey_id))
            .collect::<rusqlite::Result<_>>()?;
        let prekeys_kept = ids.len() as u64;
        ids.push(prekey_id(next.saturating_sub(1)));
        ids.extend(used.iter().map(|id| *id.min(&PREKEY_ID_MAX)));
        let (highest_prekey_id, next_prekey_id) = next_id(ids, jump);

        let sessions_dropped = transaction.execute("DELETE FROM sessions", [])? as u64;
        for table in ["sender_key_devices", "base_keys", "device_registry", "group_metadata"] {
            transaction.execute(&format!("DELETE FROM {table}"), [])?;
        }
        let mut own_sender_keys_dropped = 0;
        let addresses: Vec<String> = transaction
            .prepare("SELECT DISTINCT address FROM sender_keys")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for address in addresses.iter().filter(|address| is_own(address, [&pn, &lid])) {
            own_sender_keys_dropped += transaction.execute("DELETE FROM sender_keys WHERE address = ?1", [address])? as u64;
        }
        transaction.execute(
            "UPDATE device SET server_has_prekeys = 0, last_signed_pre_key_rotation_ms = 1,
                 next_pre_key_id = ?1, first_unupload_pre_key_id = ?1",
            params![next_prekey_id],
        )?;
        Ok(Ok(Rekeyed { sessions_dropped, own_sender_keys_dropped, prekeys_kept, highest_prekey_id, next_prekey_id }))
    };
    let rekeyed = run().map_err(failed)?.map_err(|why| {
        Error::new(ErrorKind::Denied, format!("{} cannot be given new keys: {why}", path.display()))
            .hint("bring back the messages alone with `--plan data`, then link the session with `wpp reauth`")
    })?;
    disk::faults::point("commit", path)?;
    transaction.commit().map_err(failed)?;
    Ok(rekeyed)
}

/// Fails unless the store's newest migration is the one whose tables are known here.
pub fn check_migration(path: &Path, migration: &str) -> Result<()> {
    if migration == LAST_KNOWN_MIGRATION {
        return Ok(());
    }
    let whose = if migration > LAST_KNOWN_MIGRATION { "a newer" } else { "an older" };
    Err(Error::new(
        ErrorKind::Denied,
        format!(
            "the Signal store in {} is of {whose} client library (migration {migration:?}, known is {LAST_KNOWN_MIGRATION}); \
             what to change in it is not known",
            path.display()
        ),
    )
    .hint("bring back the messages alone with `--plan data`")
    .hint(format!("or use the wpp that goes with it: {whose} one")))
}

/// The highest of these ids, and where the next keys begin.
fn next_id(mut used: Vec<u32>, jump: u32) -> (u32, u32) {
    used.extend([0, PREKEY_ID_MAX + 1]);
    used.sort_unstable();
    used.dedup();
    // The last is the bound that was just added, and before it lies at least the zero.
    let highest = used.iter().rev().nth(1).copied().unwrap_or(0);
    if PREKEY_ID_MAX.saturating_sub(highest) > jump + ROOM {
        return (highest, highest + 1 + jump);
    }
    // All the way round: what was used there first was used long ago, except for what is known.
    let gap = used.windows(2).map(|pair| (pair[1] - pair[0], pair[0])).max().unwrap_or((2, 0));
    (highest, gap.1 + 1 + jump.min(gap.0 / 2))
}

/// The library keeps its unsigned ids in signed columns; what is no id is no bound either.
fn prekey_id(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(0).min(PREKEY_ID_MAX)
}

fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

/// Whether a sender key is this device's own. Its address is `GROUP:USER[:DEVICE]@SERVER.0`, with
/// the group's own `@` before; ours is the device's number or its anonymous name.
fn is_own(address: &str, own: [&String; 2]) -> bool {
    let sender = address.split_once('@').and_then(|(_, rest)| rest.split_once(':')).map(|(_, sender)| sender);
    let Some(sender) = sender.and_then(device_of) else { return false };
    own.into_iter().filter_map(|jid| device_of(jid)).any(|own| own == sender)
}

/// `USER[:DEVICE]@…` as the user and the device.
fn device_of(jid: &str) -> Option<(&str, u16)> {
    let name = jid.split_once('@')?.0;
    let (user, device) = name.split_once(':').unwrap_or((name, "0"));
    Some((user, device.parse().ok()?)).filter(|(user, _)| !user.is_empty())
}

fn failed(path: &Path, error: rusqlite::Error) -> Error {
    Error::new(ErrorKind::Unexpected, format!("the Signal store in {} cannot be given new keys", path.display()))
        .caused_by(error)
        .hint("check free disk space; if the store itself is at fault, choose another archive or `--plan data`")
}

/// The newest restore of this session that gave it new keys, if the own phone was not woken after it.
///
/// A restore counts as soon as its files are in place: it ends only when the daemon that it started
/// has shown that it runs.
pub fn owed_wake(journal: &Journal, session: &str) -> Result<Option<i64>> {
    let restores = journal.history(session, RESTORE)?;
    let in_place = |state: &str, phase: Option<&str>| state == "finished" || (state == "open" && phase == Some("swapped"));
    let newest = restores
        .into_iter()
        .rev()
        .find(|entry| entry.data["plan"] != "data" && in_place(&entry.state, entry.data["phase"].as_str()));
    let Some(restore) = newest.filter(|entry| entry.data["plan"] == "rekey") else { return Ok(None) };
    let woken = journal.history(session, WAKE)?.iter().any(|entry| entry.data["restore"] == restore.id);
    let relinked = journal.latest(session, RELINK)?.is_some_and(|entry| entry.id > restore.id);
    Ok((!woken && !relinked).then_some(restore.id))
}

/// One-time key ids that restores of this identity have chosen; whether they were then used is not
/// known, so they count as used.
pub fn chosen_before(journal: &Journal, identity_sha256: &str) -> Result<Vec<u32>> {
    let restores = journal.everywhere(RESTORE)?;
    Ok(restores
        .iter()
        .filter(|entry| entry.data["identity_sha256"] == identity_sha256)
        .filter_map(|entry| u32::try_from(entry.data["rekeyed"]["next_prekey_id"].as_u64()?).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_id_lies_far_above_every_id_and_within_24_bits() {
        for jump in [JUMP_MIN, JUMP_MIN + JUMP_SPREAD - 1] {
            assert_eq!(next_id(vec![812, 3, 900], jump), (900, 901 + jump));
            assert_eq!(next_id(vec![], jump), (0, 1 + jump));
            // Where the keys of a whole upload would not fit, the widest gap is taken.
            for highest in [PREKEY_ID_MAX, PREKEY_ID_MAX - 1, PREKEY_ID_MAX - jump - ROOM] {
                let (seen, next) = next_id(vec![highest, 812], jump);
                assert_eq!((seen, next), (highest, 813 + jump), "{highest}");
                // Restored again, what the first time chose is known too.
                let (_, again) = next_id(vec![highest, 812, next], jump);
                assert!(again > next + JUMP_MIN - 1 && again + ROOM <= highest, "{again}");
            }
            assert_eq!(next_id(vec![PREKEY_ID_MAX - jump - ROOM - 1], jump).1 + ROOM, PREKEY_ID_MAX);
        }
        // No room anywhere is no reason to fail or to leave the range.
        let full: Vec<u32> = (1..=PREKEY_ID_MAX).step_by(1000).collect();
        let (_, next) = next_id(full, JUMP_MIN);
        assert!((1..=PREKEY_ID_MAX).contains(&next) && next % 1000 == 502, "{next}");
    }

    #[test]
    fn a_wake_is_owed_after_the_newest_restore_with_fresh_keys_until_it_was_made() {
        use crate::journal::Outcome;
        use serde_json::json;
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let owed = || owed_wake(&journal, "main").unwrap();
        let begin =
            |plan: &str, phase: &str| journal.begin(Some("main"), RESTORE, &json!({ "plan": plan, "phase": phase })).unwrap();
        assert_eq!(owed(), None);
        let restore = begin("rekey", "swapping");
        assert_eq!(owed(), None, "its files are not in place");
        journal.update(restore, &json!({ "plan": "rekey", "phase": "swapped" })).unwrap();
        assert_eq!(owed(), Some(restore));
        journal.end(restore, Outcome::Finished).unwrap();
        assert_eq!(owed(), Some(restore));
        assert_eq!(owed_wake(&journal, "other").unwrap(), None);
        // One that was taken back, and one of the messages alone, change nothing.
        for (plan, outcome) in [("rekey", Outcome::Undone), ("exact", Outcome::Undone), ("data", Outcome::Finished)] {
            journal.end(begin(plan, "swapped"), outcome).unwrap();
            assert_eq!(owed(), Some(restore));
        }
        journal.record(Some("main"), WAKE, &json!({ "restore": restore })).unwrap();
        assert_eq!(owed(), None);
        let again = begin("rekey", "swapped");
        journal.end(again, Outcome::Finished).unwrap();
        assert_eq!(owed(), Some(again));
        // Another store is in place since.
        journal.end(begin("exact", "swapped"), Outcome::Finished).unwrap();
        assert_eq!(owed(), None);
        let last = begin("rekey", "swapped");
        journal.end(last, Outcome::Finished).unwrap();
        assert_eq!(owed(), Some(last));
        journal.record(Some("main"), RELINK, &json!({})).unwrap();
        assert_eq!(owed(), None);
    }

    #[test]
    fn what_is_no_id_is_no_bound() {
        assert_eq!([prekey_id(-5), prekey_id(7), prekey_id(i64::MAX)], [0, 7, 0]);
        assert_eq!(prekey_id(i64::from(PREKEY_ID_MAX) + 9), PREKEY_ID_MAX);
    }

    #[test]
    fn only_this_device_s_own_sender_keys_are_ours() {
        let own = [&"15550100001:7@s.whatsapp.net".to_owned(), &"123456789:7@lid".to_owned()];
        for ours in [
            "120363000000000001@g.us:15550100001:7@c.us.0",
            "15550100001-160@g.us:123456789:7@lid.0",
            "status@broadcast:123456789:7@lid.0",
        ] {
            assert!(is_own(ours, own), "{ours}");
        }
        for other in [
            "120363000000000001@g.us:15550100001@s.whatsapp.net.0",
            "120363000000000001@g.us:15550100001:8@s.whatsapp.net.0",
            "120363000000000001@g.us:15550100002:7@s.whatsapp.net.0",
            "15550100001:7@g.us:15550100002@s.whatsapp.net.0",
            "15550100001:7",
            "",
        ] {
            assert!(!is_own(other, own), "{other}");
        }
        assert!(!is_own("120363@g.us:@lid.0", [&String::new(), &"@lid".to_owned()]));
    }
}
