//! What a database lacks, or holds and cannot be read, while SQLite finds nothing wrong with its pages: tables and
//! columns that somebody dropped, tables of `wpp.db` that somebody emptied, a version that is not that of the tables,
//! values that the client library's own readers do not take, and keys that do not belong together. That a table of the
//! library's store was emptied leaves no trace beside it, but for the list of migrations.
//!
//! Start with [`of_store`] and [`of_messages`]. No value leaves this room; what is told of them is how many.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::facts::StoreFault;
use crate::report::count;
use crate::session::messages::{self, columns};
use crate::session::store::LAST_KNOWN_MIGRATION;
use crate::session::tables::{MIGRATIONS, TABLES, Table};
use crate::whatsapp::stored::{DeviceKeys, KeyFault, Kind};

/// What is observed of a table or a column that is not there.
pub(super) const MISSING: &str = "missing";
const EMPTIED: &str = "emptied";
/// Whether the halves of a key belong together takes some 15 microseconds, and a store has 812 one-time keys, which
/// would be half of what a look may take; so many of a table are tried, and the others where one of these is wrong.
const PAIRS_MAX: u64 = 16;

/// The values of one table that the library reads.
struct Values {
    table: &'static str,
    /// What no row may be, as a condition.
    wrong: &'static str,
    /// The column that one of the library's readers has to take.
    read: Option<(&'static str, Kind)>,
    /// What a row is called, one and several.
    names: (&'static str, &'static str),
    lost: &'static str,
    is_vital: bool,
}

/// What is known of the values: lengths, kinds, and whether the library takes them. Those that the library makes
/// again by itself, or that are opaque to it, are let be.
const VALUES: &[Values] = &[
    Values {
        table: "device",
        wrong: "typeof(noise_key) <> 'blob' OR length(noise_key) <> 64 OR typeof(identity_key) <> 'blob' OR length(identity_key) <> 64
                OR typeof(signed_pre_key) <> 'blob' OR length(signed_pre_key) <> 64
                OR typeof(signed_pre_key_signature) <> 'blob' OR length(signed_pre_key_signature) <> 64
                OR typeof(adv_secret_key) <> 'blob' OR length(adv_secret_key) <> 32
                OR typeof(pn) <> 'text' OR typeof(lid) <> 'text' OR typeof(registration_id) <> 'integer'",
        read: Some(("account", Kind::Account)),
        names: ("device", "devices"),
        lost: "the account knows this device by its keys, and no daemon comes up without them",
        is_vital: true,
    },
    Values {
        table: "identities",
        wrong: "typeof(address) <> 'text' OR typeof(key) <> 'blob' OR length(key) <> 32",
        read: None,
        names: ("identity key", "identity keys"),
        lost: "nothing is encrypted for whom they are of",
        is_vital: false,
    },
    Values {
        table: "sessions",
        wrong: "typeof(address) <> 'text'",
        read: Some(("record", Kind::Session)),
        names: ("Signal session", "Signal sessions"),
        lost: "nothing is encrypted for, or read from, whom they are with",
        is_vital: false,
    },
    Values {
        table: "prekeys",
        wrong: "typeof(id) <> 'integer'",
        read: Some(("key", Kind::Prekey)),
        names: ("one-time key", "one-time keys"),
        lost: "the first message of whoever was given one of them cannot be read",
        is_vital: false,
    },
    Values {
        table: "signed_prekeys",
        wrong: "typeof(id) <> 'integer'",
        read: Some(("record", Kind::SignedPrekey)),
        names: ("signed prekey", "signed prekeys"),
        lost: "the first message of whoever was given one of them cannot be read",
        is_vital: false,
    },
    Values {
        table: "sender_keys",
        wrong: "typeof(address) <> 'text'",
        read: Some(("record", Kind::SenderKey)),
        names: ("sender key", "sender keys"),
        lost: "what their owners write in a group cannot be read",
        is_vital: false,
    },
    Values {
        table: "app_state_keys",
        wrong: "typeof(key_id) <> 'blob'",
        read: Some(("key_data", Kind::AppStateKey)),
        names: ("key of the account's common state", "keys of the account's common state"),
        lost: "what the account's devices keep in common is not followed until the phone sends them again",
        is_vital: false,
    },
    Values {
        table: "app_state_versions",
        wrong: "typeof(name) <> 'text'",
        read: Some(("state_data", Kind::AppStateVersion)),
        names: ("part of the account's common state", "parts of the account's common state"),
        lost: "they are fetched again from the beginning",
        is_vital: false,
    },
    Values {
        table: "device_registry",
        wrong: "typeof(user_id) <> 'text' OR NOT json_valid(devices_json)",
        read: None,
        names: ("list of somebody's devices", "lists of somebody's devices"),
        lost: "nothing can be sent to whom they are of",
        is_vital: false,
    },
];

/// What is wrong with the client library's store, as far as its version is known here.
pub(super) fn of_store(connection: &Connection) -> rusqlite::Result<Vec<StoreFault>> {
    // In one look: a daemon may just be making the tables.
    let sql = "SELECT max(version), count(*), EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'device')
               FROM __diesel_schema_migrations";
    let written = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    // A store without such a list, or one that says another version, has a check of its own.
    let Ok((version, migrations, has_tables)): rusqlite::Result<(Option<String>, u32, bool)> = written else {
        return Ok(Vec::new());
    };
    // Each migration is written down with what it makes, or neither is.
    if version.is_none() && has_tables {
        return Ok(vec![unlisted(EMPTIED.into())]);
    }
    if version.as_deref() != Some(LAST_KNOWN_MIGRATION) {
        return Ok(Vec::new());
    }
    let there = columns(connection)?;
    let mut faults = Vec::new();
    if migrations < MIGRATIONS {
        faults.push(unlisted(format!("{} of {MIGRATIONS} are gone", MIGRATIONS - migrations)));
    }
    for table in TABLES {
        let lacks = match there.get(table.name) {
            None => Some(String::new()),
            Some(has) => {
                let lacks: Vec<&str> =
                    table.columns.split(' ').filter(|column| !has.iter().any(|other| other == column)).collect();
                (!lacks.is_empty()).then(|| format!(": {}", lacks.join(", ")))
            }
        };
        match (lacks, VALUES.iter().find(|values| values.table == table.name)) {
            (Some(columns), _) => faults.push(missing(table, &columns)),
            (None, Some(values)) => match unread(connection, values)? {
                Some(fault) => faults.push(fault),
                None if values.table == "device" => faults.extend(keys(connection)?.into_iter().map(of_keys)),
                None => {}
            },
            (None, None) => {}
        }
    }
    // What keeps the account from being used comes first.
    faults.sort_by_key(|fault| !fault.is_vital);
    Ok(faults)
}

/// `columns` is empty where the whole table is missing.
fn missing(table: &Table, columns: &str) -> StoreFault {
    let what = if columns.is_empty() { "table" } else { "columns of table" };
    StoreFault {
        place: format!("{what} {}{columns}", table.name),
        observed: MISSING.into(),
        lost: table.holds.into(),
        is_vital: table.is_vital,
    }
}

/// Migrations of the store that are not written down.
fn unlisted(observed: String) -> StoreFault {
    StoreFault {
        place: "table __diesel_schema_migrations".into(),
        observed,
        lost: "which tables it has: the client library makes those anew that are there, and no daemon comes up".into(),
        is_vital: true,
    }
}

/// What is wrong with the keys of the devices in a store whose device rows can be read.
fn keys(connection: &Connection) -> rusqlite::Result<Vec<KeyFault>> {
    let sql = "SELECT noise_key, identity_key, signed_pre_key, signed_pre_key_signature, account FROM device";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut faults = Vec::new();
    while let Some(row) = rows.next()? {
        let key = |column| row.get_ref(column).and_then(|value| Ok(value.as_blob()?));
        let account: Option<Vec<u8>> = row.get(4)?;
        let keys = DeviceKeys::read(key(0)?, key(1)?, key(2)?, key(3)?, account.as_deref());
        // Those that cannot be read are told already.
        faults.extend(keys.map(|keys| keys.faults()).unwrap_or_default());
    }
    Ok(faults)
}

fn of_keys(fault: KeyFault) -> StoreFault {
    let (lost, is_vital) = match fault {
        KeyFault::Connection => ("the server knows this device by that key, and no login succeeds with another", true),
        KeyFault::Identity => ("everybody knows this device by that key, and takes nothing that was written with another", true),
        KeyFault::Admission => ("whoever is written to takes this device for a stranger's", true),
        KeyFault::SignedPrekey => ("the first message of whoever was given it cannot be read", false),
        KeyFault::Signature => ("who is given it to begin a conversation does not take it", false),
    };
    StoreFault { place: "keys in table device".into(), observed: fault.what().into(), lost: lost.into(), is_vital }
}

/// The rows of a table that the library cannot read.
fn unread(connection: &Connection, values: &Values) -> rusqlite::Result<Option<StoreFault>> {
    let (column, kind) = values.read.map_or(("NULL", None), |(column, kind)| (column, Some(kind)));
    let mut statement = connection.prepare(&format!("SELECT ({}), {column} FROM {}", values.wrong, values.table))?;
    let mut rows = statement.query([])?;
    let (mut all, mut bad) = (0_u64, 0_u64);
    while let Some(row) = rows.next()? {
        all += 1;
        let is_read = match (row.get_ref(1)?, kind) {
            (ValueRef::Blob(bytes), Some(kind)) => {
                kind.reads(bytes) && (all > PAIRS_MAX && bad == 0 || kind.belongs_together(bytes))
            }
            (ValueRef::Null, Some(Kind::Account) | None) => true,
            _ => false,
        };
        // A comparison with nothing is nothing.
        let is_wrong = row.get::<_, Option<bool>>(0)?.unwrap_or(true);
        bad += u64::from(is_wrong || !is_read);
    }
    Ok((bad > 0).then(|| unreadable(values, bad, all)))
}

fn unreadable(values: &Values, bad: u64, all: u64) -> StoreFault {
    StoreFault {
        place: format!("rows of table {}", values.table),
        observed: format!("{bad} of {} cannot be used by the client library", count(all, values.names.0, values.names.1)),
        lost: values.lost.into(),
        is_vital: values.is_vital,
    }
}

/// What is lost with a table of `wpp.db`.
fn held_in(table: &str) -> &'static str {
    match table {
        "messages" => "the messages",
        "chats" => "the list of chats",
        "contacts" => "the contacts' names",
        "inbound" => "what came in and is not yet a message",
        "outbox" => "what waits to be sent, and which ids were sent already",
        "events" => "the events that clients have not read yet",
        "transitions" => "when the session was in which state",
        "settings" => "whose messages these are, whether the phone logged the session out, and whether sending is paused",
        "migrations" => "which changes of its tables it has",
        _ => "what it held",
    }
}

/// What is wrong with a table of `wpp.db`; `columns` is empty where it is the whole table.
fn of_table(table: &str, columns: &str, observed: &str) -> StoreFault {
    let what = if columns.is_empty() { "table" } else { "columns of table" };
    StoreFault {
        place: format!("{what} {table}{columns}"),
        observed: observed.into(),
        lost: held_in(table).into(),
        is_vital: false,
    }
}

/// What is wrong with the version of `wpp.db`.
fn of_version(observed: String) -> StoreFault {
    StoreFault {
        place: "number of its version (user_version)".into(),
        observed,
        lost: "which tables it has: a daemon makes those anew that are there, and does not come up".into(),
        is_vital: false,
    }
}

/// Everything that can be said of the two databases, for tests of the words.
#[cfg(test)]
pub(super) fn all() -> (Vec<StoreFault>, Vec<StoreFault>) {
    let tables = TABLES.iter().map(|table| missing(table, &format!(": {}", table.columns)));
    let values = VALUES.iter().map(|values| unreadable(values, 1, 2));
    let keys = KeyFault::ALL.into_iter().map(of_keys).chain([unlisted(EMPTIED.into())]);
    let tables_of_messages = messages::tables(messages::VERSION).unwrap().unwrap();
    let of_messages = tables_of_messages.iter().flat_map(|table| {
        let columns = format!(": {}", table.columns.join(", "));
        [("", MISSING), (&columns, MISSING), ("", EMPTIED)].map(|(columns, observed)| of_table(&table.name, columns, observed))
    });
    (tables.chain(values).chain(keys).collect(), of_messages.chain([of_version(MISSING.into())]).collect())
}

/// What is wrong with the messages' database, as far as its version is known here.
pub(super) fn of_messages(connection: &Connection, version: i64) -> rusqlite::Result<Vec<StoreFault>> {
    if version < 1 {
        return Ok(vec![of_version(MISSING.into())]);
    }
    if messages::tables(version)?.is_none() {
        return Ok(Vec::new());
    }
    let lost = messages::missing(connection, version)?.into_iter().map(|(table, columns)| {
        let columns = if columns.is_empty() { String::new() } else { format!(": {}", columns.join(", ")) };
        of_table(table, &columns, MISSING)
    });
    let mut faults: Vec<StoreFault> = lost.collect();
    // The one is set with the other, or neither is.
    if let Some((version, newest)) = messages::versions(connection).filter(|(version, newest)| version != newest) {
        faults.push(of_version(format!("{version}, while its newest migration is {newest}")));
    }
    if faults.is_empty() {
        faults.extend(messages::emptied(connection)?.into_iter().map(|table| of_table(table, "", EMPTIED)));
    }
    Ok(faults)
}
