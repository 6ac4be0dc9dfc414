//! Prepares a client's store so that an unmodified client talks to the simulator.
//!
//! Imports the library's SQLite store. Start with [`seed_store`].
//!
//! The client checks a certificate only when it has none: a store that already holds one logs in by
//! Noise IK and relies on the pinned key. It does so only for a *registered* device, which to the
//! library means that `pn` is set. So a new store gets [`PLACEHOLDER_NUMBER`] as its `pn`, while
//! `account` stays NULL until a phone admits the device: paired ⇔ `pn <> '' AND account IS NOT NULL`
//! stays true. The simulator answers the login of a device that it does not know with an offer to
//! pair, and pairing replaces the placeholder.
//!
//! A store is only touched while no client uses it.

use std::path::Path;

use wacore::store::traits::DeviceStore as _;
use wacore::store::{CachedNoiseCert, CachedServerCertChain, Device};
use wacore_binary::Jid;
use whatsapp_rust::store::SqliteStore;

use super::Endpoint;
use crate::error::{Context, Error, ErrorKind, Result};

/// The `pn` of a store that was seeded and not paired yet. No such number can exist.
pub const PLACEHOLDER_NUMBER: &str = "10000000000";

/// The validity of the pinned certificates, in seconds since 1970: 2023 to 2100.
const VALIDITY_S: (i64, i64) = (1_700_000_000, 4_102_444_800);

/// Makes the store at `session_db` if it is missing, and pins the simulator's key in it. A device
/// that is not paired gets the placeholder number; a paired one keeps what it has.
pub async fn seed_store(session_db: &Path, endpoint: &Endpoint) -> Result<()> {
    let failed = || format!("cannot prepare {} for the simulator", session_db.display());
    let path = session_db
        .to_str()
        .ok_or_else(|| Error::new(ErrorKind::Usage, format!("{} is not valid UTF-8", session_db.display())))?;
    let key = endpoint.public_key()?;
    let store = SqliteStore::new(path).await.while_doing(failed)?;
    let mut device = match store.load().await.while_doing(failed)? {
        Some(device) => device,
        None => {
            store.create().await.while_doing(failed)?;
            store.load().await.while_doing(failed)?.unwrap_or_else(Device::new)
        }
    };
    let pinned = chain(key);
    if device.pn.is_some() && device.server_cert_chain.as_ref() == Some(&pinned) {
        return Ok(());
    }
    if device.pn.is_none() {
        device.pn = Some(Jid::pn(PLACEHOLDER_NUMBER));
    }
    device.server_cert_chain = Some(pinned);
    store.save(&device).await.while_doing(failed)
}

/// Pins the key of another simulator in a store that exists, paired or not.
pub async fn repin(session_db: &Path, endpoint: &Endpoint) -> Result<()> {
    if !session_db.exists() {
        return Err(Error::new(ErrorKind::NoSession, format!("there is no store {}", session_db.display()))
            .hint("start the session once; its store is made then"));
    }
    seed_store(session_db, endpoint).await
}

fn chain(key: [u8; 32]) -> CachedServerCertChain {
    let (not_before, not_after) = VALIDITY_S;
    CachedServerCertChain {
        intermediate: CachedNoiseCert { key: [0; 32], not_before, not_after },
        leaf: CachedNoiseCert { key, not_before, not_after },
    }
}
