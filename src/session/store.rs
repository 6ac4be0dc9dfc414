//! A read-only look into `session.db`, which the client library alone writes.
//!
//! Start with [`look`]. It reads columns of the library's schema as of [`LAST_KNOWN_MIGRATION`]; a
//! store that a newer library migrated is an error, not a guess. Nothing is left beside the file
//! (see [`super::reading`]), and no key leaves this room.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::reading::{self, Refusal};
use crate::error::{Error, ErrorKind};
use crate::home::SessionPaths;

/// The newest migration of the library's store whose columns are known here.
pub const LAST_KNOWN_MIGRATION: &str = "20260703000001";

/// What the store says, without any key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// Whether it holds a linked identity. One whose phone removed it still does: the library keeps
    /// the row, which is why the daemon keeps a marker of its own in `wpp.db`.
    pub paired: bool,
    /// Whether it holds the account's phone-number JID.
    pub has_number: bool,
    /// Whether it holds the account's anonymous JID.
    pub has_lid: bool,
    /// The registration id.
    pub registration_id: Option<u32>,
    /// The newest migration that was applied.
    pub last_migration: String,
    /// Whether the server is believed to hold our one-time keys.
    pub server_has_prekeys: bool,
    /// The id that the next one-time key gets.
    pub next_pre_key_id: u32,
    /// The first id whose key was not uploaded.
    pub first_unupload_pre_key_id: u32,
    /// The highest id of a one-time key that is there.
    pub highest_pre_key_id: Option<u32>,
    /// Logins so far.
    pub login_counter: u32,
    /// When the signed prekey last changed, milliseconds since the epoch; zero when never.
    pub signed_pre_key_rotated_ms: i64,
    /// Rows of the tables that grow with use.
    pub rows: Rows,
}

/// Row counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Signal sessions with other devices.
    pub sessions: u64,
    /// Identity keys of others.
    pub identities: u64,
    /// One-time keys.
    pub prekeys: u64,
    /// Signed prekeys.
    pub signed_prekeys: u64,
    /// Group sender keys.
    pub sender_keys: u64,
    /// Sent messages kept for retries.
    pub sent_messages: u64,
    /// Messages received and not yet handed over.
    pub pending_inbound_messages: u64,
}

/// Whose store it is and how it stands, for the doctor. What was not to be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    /// The newest migration that was applied; empty when none was.
    pub last_migration: Option<String>,
    /// Linked devices in it.
    pub devices: Option<u64>,
    /// The [`fingerprint`] of its linked device: another one for each link.
    pub device: Option<u64>,
    /// [`fingerprint`]s of the account's addresses.
    pub accounts: Vec<u64>,
    /// One-time keys that were uploaded and not used yet, and whether the server holds any.
    pub prekeys: Option<(u64, bool)>,
}

/// A number that stands for a text in this process alone: equal texts are seen to be equal, and nobody
/// can try texts against it later.
pub fn fingerprint(text: &[u8]) -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    static KEY: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    KEY.hash_one(text)
}

/// The [`fingerprint`] of whom a JID is of, whatever device it names.
pub fn account_fingerprint(jid: &str) -> u64 {
    let user = jid.split(['@', ':']).next().unwrap_or(jid);
    fingerprint(user.as_bytes())
}

/// Where the linked devices of a store are.
const LINKED: &str = "FROM device WHERE pn <> '' AND account IS NOT NULL";

/// The addresses of a store's first linked device, and its [`fingerprint`].
fn first_device(connection: &Connection) -> rusqlite::Result<Option<(String, String, u64)>> {
    connection
        .query_row(&format!("SELECT pn, lid, registration_id, identity_key {LINKED} ORDER BY id LIMIT 1"), [], |row| {
            let (pn, lid): (String, String) = (row.get(0)?, row.get(1)?);
            let mut key = row.get::<_, i64>(2)?.to_le_bytes().to_vec();
            key.extend(row.get::<_, Vec<u8>>(3)?);
            Ok((pn, lid, fingerprint(&key)))
        })
        .optional()
}

/// The [`fingerprint`] of the linked device in a session's store, as [`Particulars`] has it; `None` when no device
/// is linked.
pub fn device(session: &SessionPaths) -> Result<Option<u64>, StoreError> {
    let path = session.session_db();
    let device = open_at(session, &path, |store| first_device(store).map_err(|error| failed(&path, error)))?;
    Ok(device.map(|(.., key)| key))
}

/// Looks at a store that is open, whatever its version: what a version does not have is `None`.
pub fn particulars(connection: &Connection) -> Particulars {
    let linked = LINKED;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).ok().and_then(|n| u64::try_from(n).ok());
    let last_migration =
        connection.query_row("SELECT coalesce(max(version), '') FROM __diesel_schema_migrations", [], |row| row.get(0)).ok();
    let device = first_device(connection).ok().flatten();
    let accounts = device.iter().flat_map(|(pn, lid, _)| [pn, lid]).filter(|jid| !jid.is_empty());
    let on_server =
        connection.query_row(&format!("SELECT server_has_prekeys {linked} ORDER BY id LIMIT 1"), [], |row| row.get(0)).ok();
    Particulars {
        last_migration,
        devices: count(&format!("SELECT count(*) {linked}")),
        accounts: accounts.map(|jid| account_fingerprint(jid)).collect(),
        device: device.map(|(.., key)| key),
        prekeys: count("SELECT count(*) FROM prekeys WHERE uploaded").zip(on_server),
    }
}

/// Why the store cannot be looked into.
#[derive(Debug)]
pub enum StoreError {
    /// There is none: the session was never started.
    Absent,
    /// Somebody is just opening, closing or replacing it.
    Busy,
    /// It is no database, or a damaged one; the text says what SQLite found.
    Damaged(String),
    /// A newer library migrated it; the text is the migration's number.
    UnknownMigration(String),
    /// It is in the middle of being migrated, or an older library wrote it; the text is the number
    /// of the last migration. The next start of the session finishes it.
    OlderMigration(String),
    /// The system does not let us read it.
    Unreadable(Error),
}

impl StoreError {
    /// The error in the words of a command about this session.
    pub fn into_error(self, session: &SessionPaths) -> Error {
        let path = session.session_db();
        let path = path.display();
        match self {
            StoreError::Absent => Error::new(ErrorKind::LoginNeeded, format!("{path} is not there"))
                .hint(format!("link the session with `wpp reauth --session {}`", session.name())),
            StoreError::Busy => Error::new(ErrorKind::Locked, format!("{path} is just being opened, closed or replaced"))
                .hint("wait a moment and try again"),
            StoreError::Damaged(what) => Error::new(ErrorKind::Unexpected, format!("{path} is damaged: {what}"))
                .hint("`wpp restore latest` brings back the newest archive and keeps this file"),
            StoreError::UnknownMigration(number) => Error::new(
                ErrorKind::Unknown,
                format!("{path} was migrated by a newer client library (migration {number}, known is {LAST_KNOWN_MIGRATION})"),
            )
            .hint("use the wpp that last ran this session, or a newer one"),
            StoreError::OlderMigration(number) => Error::new(
                ErrorKind::Unknown,
                format!("{path} is only migrated up to {number:?}, and its columns are known from {LAST_KNOWN_MIGRATION} on"),
            )
            .hint(format!("`wpp start --session {}` lets the client library finish it", session.name())),
            StoreError::Unreadable(error) => error,
        }
    }
}

/// Looks into a session's store.
pub fn look(session: &SessionPaths) -> Result<Store, StoreError> {
    look_at(session, &session.session_db())
}

/// Looks into a store at another place, such as one that was unpacked from an archive; `session`
/// names the lock that guards it.
pub fn look_at(session: &SessionPaths, path: &Path) -> Result<Store, StoreError> {
    open_at(session, path, |store| read(store, path))
}

/// Looks at a store that is opened for that alone, and that nobody came between meanwhile.
fn open_at<T>(
    session: &SessionPaths,
    path: &Path,
    look: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let reading = reading::open(session, path).map_err(|refusal| match refusal {
        Refusal::Absent => StoreError::Absent,
        Refusal::Busy => StoreError::Busy,
        Refusal::Failed(error) => failed(path, error),
        Refusal::Disk(error) => StoreError::Unreadable(error),
    })?;
    let seen = look(&reading.connection);
    reading.confirm().map_err(|_| StoreError::Busy)?;
    seen
}

/// The number of the linked device in a session's store, the `3` of `15550100001:3@…`; `None` when no
/// device is linked. No other part of the address leaves this room.
pub fn device_number(session: &SessionPaths) -> Result<Option<u16>, StoreError> {
    let path = session.session_db();
    let sql = "SELECT pn FROM device WHERE account IS NOT NULL ORDER BY id LIMIT 1";
    let address: Option<String> = open_at(session, &path, |store| {
        store.query_row(sql, [], |row| row.get(0)).optional().map_err(|error| failed(&path, error))
    })?;
    Ok(address.and_then(|address| device_of(&address)))
}

/// The first device of an account has no number in its address.
fn device_of(address: &str) -> Option<u16> {
    let (user, _) = address.split_once('@')?;
    user.split_once(':').map_or(Some(0), |(_, device)| device.parse().ok())
}

fn failed(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => StoreError::Unreadable(
            Error::new(ErrorKind::Unexpected, format!("{} cannot be opened", path.display()))
                .caused_by(error)
                .hint("check the owner and mode of the file and its folder; `wpp doctor` checks both"),
        ),
        // A missing table or column, or a value of another type, at a migration whose schema is known.
        _ => StoreError::Damaged(error.to_string()),
    }
}

fn read(connection: &Connection, path: &Path) -> Result<Store, StoreError> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(|error| failed(path, error))?;
    if tables == 0 {
        // The library made the file and has not begun.
        return Err(StoreError::OlderMigration(String::new()));
    }
    let last_migration: String = connection
        .query_row("SELECT max(version) FROM __diesel_schema_migrations", [], |row| row.get::<_, Option<String>>(0))
        .map_err(|error| failed(path, error))?
        .unwrap_or_default();
    if last_migration.as_str() > LAST_KNOWN_MIGRATION {
        return Err(StoreError::UnknownMigration(last_migration));
    }
    if last_migration != LAST_KNOWN_MIGRATION {
        return Err(StoreError::OlderMigration(last_migration));
    }
    read_known(connection, last_migration).map_err(|error| failed(path, error))
}

fn read_known(connection: &Connection, last_migration: String) -> rusqlite::Result<Store> {
    let rows = connection.query_row(
        "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM identities), (SELECT count(*) FROM prekeys),
             (SELECT count(*) FROM signed_prekeys), (SELECT count(*) FROM sender_keys), (SELECT count(*) FROM sent_messages),
             (SELECT count(*) FROM pending_inbound_messages), (SELECT max(id) FROM prekeys)",
        [],
        |row| {
            let count = |column: usize| row.get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
            let rows = Rows {
                sessions: count(0)?,
                identities: count(1)?,
                prekeys: count(2)?,
                signed_prekeys: count(3)?,
                sender_keys: count(4)?,
                sent_messages: count(5)?,
                pending_inbound_messages: count(6)?,
            };
            Ok((rows, row.get::<_, Option<i64>>(7)?.map(unsigned)))
        },
    )?;
    let (rows, highest_pre_key_id) = rows;
    let device = connection
        .query_row(
            "SELECT pn <> '' AND account IS NOT NULL, pn <> '', lid <> '', registration_id, server_has_prekeys, next_pre_key_id,
                 first_unupload_pre_key_id, login_counter, last_signed_pre_key_rotation_ms
             FROM device ORDER BY id LIMIT 1",
            [],
            |row| {
                Ok(Store {
                    paired: row.get(0)?,
                    has_number: row.get(1)?,
                    has_lid: row.get(2)?,
                    registration_id: Some(unsigned(row.get(3)?)),
                    last_migration: last_migration.clone(),
                    server_has_prekeys: row.get(4)?,
                    next_pre_key_id: unsigned(row.get(5)?),
                    first_unupload_pre_key_id: unsigned(row.get(6)?),
                    highest_pre_key_id,
                    login_counter: unsigned(row.get(7)?),
                    signed_pre_key_rotated_ms: row.get(8)?,
                    rows: rows.clone(),
                })
            },
        )
        .optional()?;
    Ok(device.unwrap_or(Store {
        paired: false,
        has_number: false,
        has_lid: false,
        registration_id: None,
        last_migration,
        server_has_prekeys: false,
        next_pre_key_id: 0,
        first_unupload_pre_key_id: 0,
        highest_pre_key_id,
        login_counter: 0,
        signed_pre_key_rotated_ms: 0,
        rows,
    }))
}

/// The library keeps its unsigned 32-bit numbers in signed columns of that width.
fn unsigned(number: i64) -> u32 {
    i32::try_from(number).map_or_else(|_| u32::try_from(number).unwrap_or(0), i32::cast_unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_device_is_read_of_its_address() {
        let addresses = ["15550100001:3@s.whatsapp.net", "15550100001@s.whatsapp.net", "15550100001:x@s.whatsapp.net", ""];
        assert_eq!(addresses.map(device_of), [Some(3), Some(0), None, None]);
    }
}
