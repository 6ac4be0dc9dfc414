//! Whether the library can read the values that it keeps in `session.db`, by its own readers, one value at a time; and
//! whether keys that can be read belong together. Nothing of a value leaves this room but yes or no. Start with
//! [`Kind::reads`] and [`DeviceKeys::faults`].

use wacore::adv::{AdvValidation, validate_adv_with_identity_key};
use wacore_libsignal::protocol::{KeyPair, PreKeyRecord, PrivateKey, PublicKey, SenderKeyRecord, SessionRecord};

use crate::error::{Context as _, ErrorKind, Result};

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
            // No bytes are a whole message with nothing in it to every reader of this format; the library writes none
            // such. So what it always writes is looked for.
            Kind::Account => waproto::codec::adv_signed_device_identity_decode(bytes).is_ok_and(|account| {
                [account.details, account.account_signature, account.device_signature]
                    .iter()
                    .all(|part| part.as_ref().is_some_and(|part| !part.is_empty()))
            }),
            // It puts an earlier session in the present one's place, and never leaves that empty.
            Kind::Session => SessionRecord::deserialize(bytes).is_ok_and(|record| {
                record.session_state().is_some_and(|session| {
                    session.root_key().is_ok()
                        && session.local_identity_key().is_ok()
                        && matches!(session.remote_identity_key(), Ok(Some(_)))
                })
            }),
            // Older stores hold the private half and nothing else.
            Kind::Prekey if bytes.len() == KEY => bytes.iter().any(|byte| *byte != 0),
            Kind::Prekey => PreKeyRecord::deserialize(bytes).and_then(|record| record.key_pair()).is_ok(),
            Kind::SignedPrekey => waproto::codec::signed_pre_key_record_decode(bytes).is_ok_and(|record| {
                let length = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
                matches!(length(&record.public_key), KEY | TYPED_KEY)
                    && (length(&record.private_key), length(&record.signature)) == (KEY, SIGNATURE)
            }),
            Kind::SenderKey => SenderKeyRecord::deserialize(bytes).is_ok_and(|record| {
                record
                    .sender_key_state()
                    .is_ok_and(|state| state.signing_key_public().is_ok() && state.sender_chain_key().is_some())
            }),
            // The library's readers of these two are its own; they take nothing of another length.
            Kind::AppStateKey => field(bytes, 1).is_some_and(|value| value.len() == KEY),
            Kind::AppStateVersion => field(bytes, 2).is_some_and(|value| value.len() == SUM),
        }
    }

    /// Whether the halves of a key pair in a value that can be read belong together; of what holds no pair nothing is
    /// said. It takes a multiplication on the curve.
    pub fn belongs_together(self, bytes: &[u8]) -> bool {
        match self {
            Kind::Prekey if bytes.len() != KEY => {
                PreKeyRecord::deserialize(bytes).and_then(|record| record.key_pair()).is_ok_and(|keys| belong_together(&keys))
            }
            Kind::SignedPrekey => waproto::codec::signed_pre_key_record_decode(bytes).is_ok_and(|record| {
                let (public, private) = (record.public_key.unwrap_or_default(), record.private_key.unwrap_or_default());
                // Without the kind that may stand before it.
                public.last_chunk::<KEY>().and_then(|public| pair(&private, public)).is_some_and(|keys| belong_together(&keys))
            }),
            _ => true,
        }
    }
}

/// The key pair that two halves are.
fn pair(private: &[u8], public: &[u8]) -> Option<KeyPair> {
    Some(KeyPair::new(PublicKey::from_djb_public_key_bytes(public).ok()?, PrivateKey::deserialize(private).ok()?))
}

fn belong_together(keys: &KeyPair) -> bool {
    KeyPair::try_from(keys.private_key.clone()).is_ok_and(|made| made.public_key == keys.public_key)
}

/// What is wrong with the keys of a device that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// The key of its connection is none.
    Connection,
    /// Its identity key is none.
    Identity,
    /// Its signed prekey is none.
    SignedPrekey,
    /// The account admitted another identity.
    Admission,
    /// Its identity did not sign its signed prekey.
    Signature,
}

impl KeyFault {
    /// All of them.
    pub const ALL: [KeyFault; 5] =
        [KeyFault::Connection, KeyFault::Identity, KeyFault::SignedPrekey, KeyFault::Admission, KeyFault::Signature];

    /// What is wrong, in one lowercase sentence without its end.
    pub fn what(self) -> &'static str {
        match self {
            KeyFault::Connection => "the halves of its connection key do not belong together",
            KeyFault::Identity => "the halves of its identity key do not belong together",
            KeyFault::SignedPrekey => "the halves of its signed prekey do not belong together",
            KeyFault::Admission => "its identity key is not the one that the account admitted",
            KeyFault::Signature => "its signed prekey was not signed by its identity key",
        }
    }
}

/// The keys of a device, and the account's word that it admitted it.
pub struct DeviceKeys {
    connection: KeyPair,
    identity: KeyPair,
    signed_prekey: KeyPair,
    signature: Vec<u8>,
    account: Option<Vec<u8>>,
}

impl DeviceKeys {
    /// Those of a device that the library has loaded.
    pub(super) fn of(device: &wacore::store::Device) -> DeviceKeys {
        DeviceKeys {
            connection: device.noise_key.clone(),
            identity: device.identity_key.clone(),
            signed_prekey: device.signed_pre_key.clone(),
            signature: device.signed_pre_key_signature.to_vec(),
            account: device.account.as_deref().map(waproto::codec::adv_signed_device_identity_to_vec),
        }
    }

    /// Those in the columns of a device's row; `None` where one cannot be read.
    pub fn read(
        connection: &[u8],
        identity: &[u8],
        signed_prekey: &[u8],
        signature: &[u8],
        account: Option<&[u8]>,
    ) -> Option<DeviceKeys> {
        let pair = |bytes: &[u8]| bytes.split_at_checked(KEY).and_then(|(private, public)| pair(private, public));
        Some(DeviceKeys {
            connection: pair(connection)?,
            identity: pair(identity)?,
            signed_prekey: pair(signed_prekey)?,
            signature: signature.to_vec(),
            account: account.map(<[u8]>::to_vec),
        })
    }

    /// What is wrong with them, as far as anybody but the device's server can tell.
    pub fn faults(&self) -> Vec<KeyFault> {
        let pairs = [
            (KeyFault::Connection, &self.connection),
            (KeyFault::Identity, &self.identity),
            (KeyFault::SignedPrekey, &self.signed_prekey),
        ];
        let mut faults: Vec<KeyFault> =
            pairs.into_iter().filter(|(_, keys)| !belong_together(keys)).map(|(fault, _)| fault).collect();
        if !faults.is_empty() {
            // Nothing is admitted or signed by what is no key.
            return faults;
        }
        let public = self.identity.public_key.public_key_bytes();
        if let (Some(account), Ok(identity)) = (&self.account, public.try_into()) {
            match validate_adv_with_identity_key(account, identity, None) {
                // Without the account's key in the store nothing can be said against the identity.
                AdvValidation::Valid | AdvValidation::NoAccountKey => {}
                AdvValidation::Invalid => faults.push(KeyFault::Admission),
            }
        }
        if !self.identity.public_key.verify_signature(&self.signed_prekey.public_key.serialize(), &self.signature) {
            faults.push(KeyFault::Signature);
        }
        faults
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

/// A statement that puts a device into a store that a test made by hand ([`crate::session::tables::statements`]): linked
/// to the account of this address, with keys that belong together. Each call makes other keys.
pub fn device_statement(pn: &str, registration_id: u32) -> Result<String> {
    let mut random = rand::make_rng::<rand::rngs::StdRng>();
    let [noise, identity, signed_prekey, account] = std::array::from_fn(|_| KeyPair::generate(&mut random));
    let mut sign = |keys: &KeyPair, parts: &[&[u8]]| {
        keys.calculate_signature(&parts.concat(), &mut random).context(ErrorKind::Failed, || "cannot sign".into())
    };
    let (details, identity_public) = ([8, 1], identity.public_key.public_key_bytes());
    let account_public = account.public_key.public_key_bytes();
    let admission = waproto::codec::adv_signed_device_identity_to_vec(&waproto::whatsapp::ADVSignedDeviceIdentity {
        details: Some(details.to_vec()),
        account_signature_key: Some(account_public.to_vec()),
        account_signature: Some(sign(&account, &[&[6, 0], &details, identity_public])?.to_vec()),
        device_signature: Some(sign(&identity, &[&[6, 1], &details, identity_public, account_public])?.to_vec()),
    });
    let signature = sign(&identity, &[&signed_prekey.public_key.serialize()])?;
    let pair = |keys: &KeyPair| hex(&[keys.private_key.serialize().as_slice(), keys.public_key.public_key_bytes()].concat());
    Ok(format!(
        "INSERT INTO device (id, lid, pn, registration_id, noise_key, identity_key, signed_pre_key, signed_pre_key_id,
             signed_pre_key_signature, adv_secret_key, account, server_has_prekeys, next_pre_key_id, first_unupload_pre_key_id,
             login_counter, last_signed_pre_key_rotation_ms)
         VALUES ((SELECT count(*) + 1 FROM device), '', '{pn}', {registration_id}, x'{}', x'{}', x'{}', 1, x'{}', zeroblob(32),
             x'{}', 1, 813, 813, 4, 1000);\n",
        pair(&noise),
        pair(&identity),
        pair(&signed_prekey),
        hex(&signature),
        hex(&admission),
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use wacore::libsignal::store::record_helpers::{new_pre_key_record, new_signed_pre_key_record};
    use wacore::store::Device;
    use wacore::store::traits::{AppStateSyncKey, AppSyncStore as _, DeviceStore as _};
    use wacore_libsignal::protocol::{IdentityKey, SessionState};
    use whatsapp_rust::store::SqliteStore;

    use super::*;
    use crate::session::store::LAST_KNOWN_MIGRATION;
    use crate::session::tables::{MIGRATIONS, TABLES};

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
        let all: u32 = store.query_row("SELECT count(*) FROM __diesel_schema_migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(all, MIGRATIONS);
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

    fn keys(seed: u8) -> KeyPair {
        PrivateKey::deserialize(&[seed; KEY]).and_then(KeyPair::try_from).unwrap()
    }

    /// A session as the library begins one.
    fn session() -> SessionRecord {
        let identity = |seed| IdentityKey::new(keys(seed).public_key);
        let root = wacore_libsignal::protocol::RootKey::new([3; KEY]);
        SessionRecord::new(SessionState::new(3, &identity(1), &identity(2), &root, &keys(4).public_key))
    }

    fn sender_key() -> SenderKeyRecord {
        let mut record = SenderKeyRecord::new_empty();
        record.add_sender_key_state(3, 7, 0, &[5; KEY], keys(6).public_key, Some(keys(6).private_key)).unwrap();
        record
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
        let pair = keys(7);
        let prekey = waproto::codec::pre_key_record_to_vec(&new_pre_key_record(7, &pair));
        let signed = new_signed_pre_key_record(7, &pair, [1; SIGNATURE], wacore::time::now_utc());
        let account = waproto::whatsapp::ADVSignedDeviceIdentity {
            details: Some(vec![1]),
            account_signature_key: None,
            account_signature: Some(vec![2; SIGNATURE]),
            device_signature: Some(vec![3; SIGNATURE]),
        };
        let good = [
            (Kind::AppStateKey, value("SELECT key_data FROM app_state_keys")),
            (Kind::AppStateVersion, value("SELECT state_data FROM app_state_versions")),
            (Kind::Prekey, prekey),
            (Kind::Prekey, vec![1; KEY]),
            (Kind::SignedPrekey, waproto::codec::signed_pre_key_record_to_vec(&signed)),
            (Kind::Session, session().serialize().unwrap()),
            (Kind::SenderKey, sender_key().serialize().unwrap()),
            (Kind::Account, waproto::codec::adv_signed_device_identity_to_vec(&account)),
        ];
        for (kind, bytes) in good {
            assert!(kind.reads(&bytes) && kind.belongs_together(&bytes), "{kind:?}");
        }
        // Nothing; field 0, which there is none of; one that ends too soon; bytes of some length.
        for kind in [
            Kind::Account,
            Kind::Session,
            Kind::Prekey,
            Kind::SignedPrekey,
            Kind::SenderKey,
            Kind::AppStateKey,
            Kind::AppStateVersion,
        ] {
            for wrong in [&[][..], &[0; KEY], &[0; 40], &[0x0a, 0x7f, 1], &[0xff; 71]] {
                assert!(!kind.reads(wrong), "{kind:?} {wrong:?}");
            }
        }
        // Records with nothing in them, and a session without a present one.
        let hollow = [
            (Kind::Session, SessionRecord::new_fresh().serialize().unwrap()),
            (Kind::Session, vec![0x0a, 0]),
            (Kind::SenderKey, vec![0x0a, 0]),
            (Kind::Account, waproto::codec::adv_signed_device_identity_to_vec(&Default::default())),
        ];
        for (kind, bytes) in hollow {
            assert!(!kind.reads(&bytes), "{kind:?} {bytes:?}");
        }
    }

    #[test]
    fn halves_of_two_keys_do_not_belong_together() {
        let mixed = KeyPair::new(keys(8).public_key, keys(7).private_key);
        let signed = new_signed_pre_key_record(7, &mixed, [1; SIGNATURE], wacore::time::now_utc());
        let records = [
            (Kind::Prekey, waproto::codec::pre_key_record_to_vec(&new_pre_key_record(7, &mixed))),
            (Kind::SignedPrekey, waproto::codec::signed_pre_key_record_to_vec(&signed)),
        ];
        for (kind, bytes) in records {
            assert!(kind.reads(&bytes) && !kind.belongs_together(&bytes), "{kind:?}");
        }
    }

    #[test]
    fn a_device_of_the_librarys_own_is_whole_and_every_wrong_key_of_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = fresh(folder.path(), async |store| {
            store.create().await.unwrap();
            store.save(&Device::new()).await.unwrap();
        });
        let columns = "SELECT noise_key, identity_key, signed_pre_key, signed_pre_key_signature FROM device";
        let row: [Vec<u8>; 4] =
            store.query_row(columns, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])).unwrap();
        let faults = |row: &[Vec<u8>; 4]| DeviceKeys::read(&row[0], &row[1], &row[2], &row[3], None).unwrap().faults();
        assert_eq!(faults(&row), []);
        let wrong = [KeyFault::Connection, KeyFault::Identity, KeyFault::SignedPrekey, KeyFault::Signature];
        for (column, fault) in wrong.into_iter().enumerate() {
            for byte in [0, 9] {
                let mut row = row.clone();
                row[column].fill(byte);
                assert_eq!(faults(&row), [fault]);
            }
        }
        // Another device's identity, which nothing here was signed by.
        let mut other = row.clone();
        other[1] = [keys(9).private_key.serialize().as_slice(), keys(9).public_key.public_key_bytes()].concat();
        assert_eq!(faults(&other), [KeyFault::Signature]);
    }
}
