//! Takes in a device that another server linked: its store, put back from an archive, logs in here
//! as if it had been linked here.
//!
//! Imports the library's SQLite store, signal and world. Start with [`World::adopt`]. A server
//! knows a device by its public keys alone, and those are in the store; so nothing secret is taken
//! over, and the store itself is not changed. What its own server would notice at a login or
//! when it hands out keys is proven here: each public key belongs to its private one, the account
//! admitted this identity, and the identity signed the key that is handed out for it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use wacore::prekeys::extract_prekey_public_key;
use wacore::store::Device;
use wacore::store::traits::DeviceStore as _;
use whatsapp_rust::store::SqliteStore;

use super::seed::PLACEHOLDER_NUMBER;
use super::signal::Blob;
use super::world::{Companion, World, now_s, refused};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::whatsapp::stored::DeviceKeys;

/// One-time keys that are taken over at most. A store keeps all that it ever uploaded.
const ONE_TIME_MAX: usize = 812;

impl World {
    /// Adopts the device in a store that no client uses. A store that was never linked is told
    /// apart and not adopted.
    ///
    /// Fails with [`ErrorKind::Failed`] when the store's own server would not take it either, and
    /// with [`ErrorKind::Usage`] when this simulator already has another account in use.
    pub(super) async fn adopt(&mut self, session_db: &Path) -> Result<Value> {
        if !session_db.is_file() {
            return Err(refused(format!("there is no store {}", session_db.display())));
        }
        let device = load(session_db).await?;
        let Some(device) = device.filter(is_linked) else { return Ok(json!({ "paired": false })) };
        let newcomer = prove(&device, session_db)?;
        let (number, lid) = (newcomer.number, newcomer.lid);
        let mut companion = newcomer.companion;
        companion.one_time = one_time_keys(session_db)?;
        let number_of_device = companion.device;

        if number != self.account.number && !self.companions.is_empty() {
            return Err(refused("this simulator has linked devices of another account").hint("use a simulator of its own"));
        }
        if self.companions.get(&number_of_device).is_some_and(|known| known.noise_public != companion.noise_public) {
            return Err(
                refused(format!("this simulator has another device {number_of_device}")).hint("use a simulator of its own")
            );
        }
        self.account.number.clone_from(&number);
        if let Some(lid) = lid {
            self.account.lid = lid;
        }
        if !device.push_name.is_empty() {
            self.account.name.clone_from(&device.push_name);
        }
        if let Some(raw_id) = newcomer.raw_id {
            self.account.raw_id = raw_id;
        }
        self.account.next_device = self.account.next_device.max(number_of_device.saturating_add(1));
        self.save_account()?;
        self.companions.insert(number_of_device, companion);
        self.save_companion(number_of_device)?;
        Ok(json!({ "paired": true, "device": number_of_device }))
    }
}

/// What a store says of the device in it, proven as far as anybody but its server can.
struct Newcomer {
    number: String,
    lid: Option<String>,
    raw_id: Option<u32>,
    companion: Companion,
}

async fn load(session_db: &Path) -> Result<Option<Device>> {
    let failed = || format!("the client library cannot load the device in {}", session_db.display());
    let path = session_db.to_str().ok_or_else(|| refused(format!("{} is not valid UTF-8", session_db.display())))?;
    let load = async {
        let store = SqliteStore::new(path).await.context(ErrorKind::Failed, failed)?;
        store.load().await.context(ErrorKind::Failed, failed)
    };
    load.await.map_err(|error| error.hint("link the session anew, or take another archive"))
}

fn is_linked(device: &Device) -> bool {
    device.account.is_some() && device.pn.as_ref().is_some_and(|pn| !pn.user.is_empty() && pn.user != PLACEHOLDER_NUMBER)
}

fn prove(device: &Device, session_db: &Path) -> Result<Newcomer> {
    let wrong = |what: &str| {
        Error::new(ErrorKind::Failed, format!("the device in {} cannot log in: {what}", session_db.display()))
            .hint("its keys were damaged or mixed up before they were stored; take another archive, or link anew")
    };
    let (Some(pn), Some(account)) = (&device.pn, &device.account) else { return Err(wrong("it is not linked")) };
    if pn.user.parse::<u64>().is_err() {
        return Err(wrong("its account is no phone number"));
    }
    if pn.device == 0 {
        return Err(wrong("it calls itself the phone"));
    }
    if let Some(fault) = DeviceKeys::of(device).faults().first() {
        return Err(wrong(fault.what()));
    }
    let details = account.details.as_deref().and_then(|bytes| waproto::codec::adv_device_identity_decode(bytes).ok());
    let companion = Companion {
        device: pn.device,
        noise_public: device.noise_key.public_key.public_key_bytes().into(),
        identity: device.identity_key.public_key.public_key_bytes().into(),
        signed_identity: Blob(waproto::codec::adv_signed_device_identity_to_vec(account)),
        paired_at_s: details.as_ref().and_then(|details| details.timestamp).unwrap_or_else(now_s),
        unlinked: false,
        // It got the account's key from its own phone.
        key_shared: true,
        registration_id: Some(device.registration_id),
        signed: Some((
            device.signed_pre_key_id,
            device.signed_pre_key.public_key.public_key_bytes().into(),
            device.signed_pre_key_signature.as_slice().into(),
        )),
        one_time: BTreeMap::new(),
    };
    Ok(Newcomer {
        number: pn.user.to_string(),
        lid: device.lid.as_ref().map(|lid| lid.user.to_string()).filter(|lid| !lid.is_empty()),
        raw_id: details.and_then(|details| details.raw_id),
        companion,
    })
}

/// The newest one-time keys that the store uploaded, as its server would hand them out.
fn one_time_keys(session_db: &Path) -> Result<BTreeMap<u32, Blob>> {
    let read = || -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(session_db, flags)?;
        let mut statement = connection.prepare("SELECT id, key FROM prekeys WHERE uploaded ORDER BY id DESC LIMIT ?1")?;
        let rows =
            statement.query_map([i64::try_from(ONE_TIME_MAX).unwrap_or(i64::MAX)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let rows = read().context(ErrorKind::Failed, || format!("cannot read the one-time keys in {}", session_db.display()))?;
    let key = |(id, record): &(i64, Vec<u8>)| {
        // A stored key has a type byte before its 32 bytes.
        let public = extract_prekey_public_key(record)?;
        Some((u32::try_from(*id).ok()?, Blob::from(public.get(public.len().checked_sub(32)?..)?)))
    };
    Ok(rows.iter().filter_map(key).collect())
}
