//! Whether the library can read the values that it keeps in `session.db`: by its own readers, one value at a time.
//! Nothing of a value leaves this room but yes or no. Start with [`Kind::reads`].

use wacore_libsignal::protocol::{PreKeyRecord, SenderKeyRecord, SessionRecord};

/// What a value is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The phone's word that it admitted this device.
    Account,
    /// The Signal session with one other device.
    Session,
    /// A one-time key.
    Prekey,
    /// A signed prekey.
    SignedPrekey,
    /// A group's sender key.
    SenderKey,
    /// A key of what the account's devices keep in common.
    AppStateKey,
    /// How far one part of that was followed.
    AppStateVersion,
}

/// The length of half of a key pair.
const KEY: usize = 32;
/// A public key may have its kind before it.
const TYPED_KEY: usize = 33;
const SIGNATURE: usize = 64;
/// The length of the sum over one part of what the account's devices keep in common.
const SUM: usize = 128;

impl Kind {
    /// Whether the library can read this value, and finds in it what it looks for.
    pub fn reads(self, bytes: &[u8]) -> bool {
        match self {
            Kind::Account => waproto::codec::adv_signed_device_identity_decode(bytes).is_ok(),
            Kind::Session => SessionRecord::deserialize(bytes).is_ok(),
            // Older stores hold the private half and nothing else.
            Kind::Prekey => bytes.len() == KEY || PreKeyRecord::deserialize(bytes).and_then(|record| record.key_pair()).is_ok(),
            Kind::SignedPrekey => waproto::codec::signed_pre_key_record_decode(bytes).is_ok_and(|record| {
                let length = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
                matches!(length(&record.public_key), KEY | TYPED_KEY)
                    && (length(&record.private_key), length(&record.signature)) == (KEY, SIGNATURE)
            }),
            Kind::SenderKey => SenderKeyRecord::deserialize(bytes).is_ok(),
            // The library's readers of these two are its own; they take nothing of another length.
            Kind::AppStateKey => field(bytes, 1).is_some_and(|value| value.len() == KEY),
            Kind::AppStateVersion => field(bytes, 2).is_some_and(|value| value.len() == SUM),
        }
    }
}

/// The value of the last field of that number that holds bytes, in a message that is whole; `None` in any other.
fn field(mut bytes: &[u8], number: u64) -> Option<&[u8]> {
    let mut found = None;
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        match tag & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => drop(bytes.split_off(..8)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let value = bytes.split_off(..length)?;
                if tag >> 3 == number {
                    found = Some(value);
                }
            }
            5 => drop(bytes.split_off(..4)?),
            _ => return None,
        }
    }
    found
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use wacore::libsignal::store::record_helpers::{new_pre_key_record, new_signed_pre_key_record};
    use wacore::store::traits::{AppStateSyncKey, AppSyncStore as _};
    use wacore_libsignal::protocol::{KeyPair, PrivateKey};
    use whatsapp_rust::store::SqliteStore;

    use super::*;
    use crate::session::store::LAST_KNOWN_MIGRATION;
    use crate::session::tables::TABLES;

    /// A store that the library has just made.
    fn fresh(folder: &std::path::Path, work: impl AsyncFnOnce(&SqliteStore)) -> rusqlite::Connection {
        let path = folder.join("session.db");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let store = SqliteStore::new(path.to_str().unwrap()).await.unwrap();
            work(&store).await;
        });
        drop(runtime);
        rusqlite::Connection::open(path).unwrap()
    }

    #[test]
    fn the_tables_that_a_store_must_have_are_those_that_the_library_makes() {
        let folder = tempfile::tempdir().unwrap();
        let store = fresh(folder.path(), async |_| {});
        let newest: String =
            store.query_row("SELECT max(version) FROM __diesel_schema_migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(newest, LAST_KNOWN_MIGRATION);
        let sql = "SELECT m.name, group_concat(c.name, ' ') FROM sqlite_schema m, pragma_table_info(m.name) c
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'
                   GROUP BY m.name ORDER BY m.name";
        let mut statement = store.prepare(sql).unwrap();
        let made = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let made: Vec<(String, String)> = made.map(Result::unwrap).collect();
        let mut known: Vec<(String, String)> =
            TABLES.iter().map(|table| (table.name.to_owned(), table.columns.to_owned())).collect();
        known.sort();
        assert_eq!(made, known);
    }

    #[test]
    fn what_the_library_writes_is_read_and_what_is_no_such_value_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let key = AppStateSyncKey { key_data: vec![7; KEY], fingerprint: vec![9; 5], timestamp: 1 };
        let store = fresh(folder.path(), async |store| {
            store.set_sync_key(b"id", key).await.unwrap();
            store.set_version("regular", Default::default()).await.unwrap();
        });
        let value = |sql: &str| store.query_row(sql, [], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let private = PrivateKey::deserialize(&[7; KEY]).unwrap();
        let pair = KeyPair::new(private.public_key().unwrap(), private);
        let prekey = waproto::codec::pre_key_record_to_vec(&new_pre_key_record(7, &pair));
        let signed = new_signed_pre_key_record(7, &pair, [1; SIGNATURE], wacore::time::now_utc());
        let good = [
            (Kind::AppStateKey, value("SELECT key_data FROM app_state_keys")),
            (Kind::AppStateVersion, value("SELECT state_data FROM app_state_versions")),
            (Kind::Prekey, prekey),
            (Kind::Prekey, vec![1; KEY]),
            (Kind::SignedPrekey, waproto::codec::signed_pre_key_record_to_vec(&signed)),
            (Kind::SenderKey, waproto::codec::sender_key_record_to_vec(&Default::default())),
            (Kind::Account, waproto::codec::adv_signed_device_identity_to_vec(&Default::default())),
        ];
        for (kind, bytes) in good {
            assert!(kind.reads(&bytes), "{kind:?}");
        }
        // Field 0, which there is none of; one that ends too soon; bytes of some length.
        for kind in [
            Kind::Account,
            Kind::Session,
            Kind::Prekey,
            Kind::SignedPrekey,
            Kind::SenderKey,
            Kind::AppStateKey,
            Kind::AppStateVersion,
        ] {
            for wrong in [&[0; 40][..], &[0x0a, 0x7f, 1], &[0xff; 71]] {
                assert!(!kind.reads(wrong), "{kind:?} {wrong:?}");
            }
        }
        for kind in [Kind::Prekey, Kind::SignedPrekey, Kind::AppStateKey, Kind::AppStateVersion] {
            assert!(!kind.reads(&[]), "{kind:?}");
        }
    }
}
