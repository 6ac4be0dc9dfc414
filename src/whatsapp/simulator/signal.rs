//! A Signal device that really encrypts and decrypts: what stands behind every peer and behind the
//! simulated phone.
//!
//! Imports libsignal and nothing of `wpp` but errors. Start with [`SignalDevice`]: it is plain data
//! (so that it can be stored as JSON) which lends its parts to libsignal as stores. Everything is
//! answered from memory; the owner stores the device before it lets a ciphertext out, which is why
//! the counter leases of the library can be waived.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::{
    CiphertextMessage, Direction, GenericSignedPreKey, IdentityChange, IdentityKey, IdentityKeyPair, IdentityKeyStore, KeyPair,
    PreKeyBundle, PreKeyId, PreKeyRecord, PreKeySignalMessage, PreKeyStore, PrivateKey, ProtocolAddress, PublicKey,
    SenderKeyDistributionMessage, SenderKeyName, SenderKeyRecord, SenderKeyStore, SessionRecord, SessionStore, SignalMessage,
    SignalProtocolError, SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore, Timestamp, UsePQRatchet,
    create_sender_key_distribution_message, group_decrypt, group_encrypt, message_decrypt, message_encrypt,
    process_prekey_bundle, process_sender_key_distribution_message,
};

/// The result of everything Signal does.
pub type Result<T> = std::result::Result<T, SignalProtocolError>;

/// Bytes that are base64 in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        use base64::Engine as _;
        serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Blob, D::Error> {
        use base64::Engine as _;
        let text = String::deserialize(deserializer)?;
        base64::engine::general_purpose::STANDARD.decode(text).map(Blob).map_err(serde::de::Error::custom)
    }
}

impl From<&[u8]> for Blob {
    fn from(bytes: &[u8]) -> Blob {
        Blob(bytes.to_vec())
    }
}

/// A fresh source of randomness; cheap enough to make one per use.
pub fn random() -> StdRng {
    rand::make_rng::<StdRng>()
}

/// The key pair behind a stored private key.
pub fn key_pair(private: &Blob) -> Result<KeyPair> {
    Ok(KeyPair::try_from(PrivateKey::deserialize(&private.0)?)?)
}

/// One encrypted body with the name that its `<enc>` carries.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// `msg`, `pkmsg` or `skmsg`.
    pub kind: &'static str,
    /// The ciphertext.
    pub body: Vec<u8>,
}

/// The public half of a device's keys, as a server hands them out.
#[derive(Debug, Clone)]
pub struct PublicBundle {
    /// The device's registration id.
    pub registration_id: u32,
    /// The identity key, 32 bytes.
    pub identity: Vec<u8>,
    /// The signed pre-key: id, public key (32 bytes), signature (64 bytes).
    pub signed: (u32, Vec<u8>, Vec<u8>),
    /// One one-time pre-key, if there is any left: id and public key.
    pub one_time: Option<(u32, Vec<u8>)>,
}

impl PublicBundle {
    fn into_bundle(self) -> Result<PreKeyBundle> {
        let one_time = match self.one_time {
            Some((id, key)) => Some((PreKeyId::from(id), PublicKey::from_djb_public_key_bytes(&key)?)),
            None => None,
        };
        PreKeyBundle::new(
            self.registration_id,
            0.into(),
            one_time,
            SignedPreKeyId::from(self.signed.0),
            PublicKey::from_djb_public_key_bytes(&self.signed.1)?,
            self.signed.2,
            IdentityKey::new(PublicKey::from_djb_public_key_bytes(&self.identity)?),
        )
    }
}

/// A whole Signal device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignalDevice {
    identities: Identities,
    sessions: Sessions,
    pre_keys: PreKeys,
    signed_pre_key: SignedPreKeys,
    sender_keys: SenderKeys,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Identities {
    registration_id: u32,
    private: Blob,
    known: BTreeMap<String, Blob>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Sessions(BTreeMap<String, Blob>);

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct PreKeys {
    next: u32,
    private: BTreeMap<u32, Blob>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SignedPreKeys {
    id: u32,
    private: Blob,
    signature: Blob,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct SenderKeys(BTreeMap<String, Blob>);

impl SignalDevice {
    /// A new device with fresh keys.
    pub fn generate() -> Result<SignalDevice> {
        use rand::RngExt as _;
        let mut random = random();
        let identity = KeyPair::generate(&mut random);
        let signed = KeyPair::generate(&mut random);
        let signature = identity.private_key.calculate_signature(&signed.public_key.serialize(), &mut random)?;
        Ok(SignalDevice {
            identities: Identities {
                registration_id: random.random_range(1..=0x3fff),
                private: identity.private_key.serialize().as_slice().into(),
                known: BTreeMap::new(),
            },
            sessions: Sessions::default(),
            pre_keys: PreKeys { next: 1, private: BTreeMap::new() },
            signed_pre_key: SignedPreKeys {
                id: 1,
                private: signed.private_key.serialize().as_slice().into(),
                signature: signature.as_slice().into(),
            },
            sender_keys: SenderKeys::default(),
        })
    }

    /// The identity key pair.
    pub fn identity(&self) -> Result<KeyPair> {
        key_pair(&self.identities.private)
    }

    /// The registration id.
    pub fn registration_id(&self) -> u32 {
        self.identities.registration_id
    }

    /// Hands out a bundle with a new one-time pre-key, as the server would from this device's pool.
    pub fn bundle(&mut self) -> Result<PublicBundle> {
        let one_time = KeyPair::generate(&mut random());
        let id = self.pre_keys.next;
        self.pre_keys.next += 1;
        self.pre_keys.private.insert(id, one_time.private_key.serialize().as_slice().into());
        let signed = key_pair(&self.signed_pre_key.private)?;
        Ok(PublicBundle {
            registration_id: self.registration_id(),
            identity: self.identity()?.public_key.public_key_bytes().to_vec(),
            signed: (
                self.signed_pre_key.id,
                signed.public_key.public_key_bytes().to_vec(),
                self.signed_pre_key.signature.0.clone(),
            ),
            one_time: Some((id, one_time.public_key.public_key_bytes().to_vec())),
        })
    }

    /// Whether there is a session with `address`.
    pub fn has_session(&self, address: &str) -> bool {
        self.sessions.0.contains_key(address)
    }

    /// Forgets the session with `address`, so that the next message starts a new one.
    pub fn forget_session(&mut self, address: &str) {
        self.sessions.0.remove(address);
    }

    /// Forgets every session and every sender key of others: a phone that was set up anew.
    pub fn forget_everyone(&mut self) {
        self.sessions.0.clear();
        self.sender_keys.0.clear();
    }

    /// Starts a session with `address` from its bundle.
    pub async fn start_session(&mut self, address: &str, bundle: PublicBundle) -> Result<()> {
        process_prekey_bundle(
            &protocol_address(address),
            &mut self.sessions,
            &mut self.identities,
            &bundle.into_bundle()?,
            &mut random(),
            UsePQRatchet::No,
        )
        .await?;
        Ok(())
    }

    /// Encrypts for a device with which a session exists.
    pub async fn encrypt(&mut self, address: &str, plaintext: &[u8]) -> Result<Envelope> {
        let message = message_encrypt(plaintext, &protocol_address(address), &mut self.sessions, &mut self.identities).await?;
        let kind = match &message {
            CiphertextMessage::PreKeySignalMessage(_) => "pkmsg",
            _ => "msg",
        };
        Ok(Envelope { kind, body: message.serialize().to_vec() })
    }

    /// Decrypts a `msg` or `pkmsg` from `address`.
    pub async fn decrypt(&mut self, address: &str, kind: &str, body: &[u8]) -> Result<Vec<u8>> {
        let message = if kind == "pkmsg" {
            CiphertextMessage::PreKeySignalMessage(PreKeySignalMessage::try_from(body)?)
        } else {
            CiphertextMessage::SignalMessage(SignalMessage::try_from(body)?)
        };
        let result = message_decrypt(
            &message,
            &protocol_address(address),
            &mut self.sessions,
            &mut self.identities,
            &mut self.pre_keys,
            &self.signed_pre_key,
            &mut random(),
            UsePQRatchet::No,
        )
        .await?;
        if let Some(id) = result.consumed_prekey_id {
            self.pre_keys.private.remove(&u32::from(id));
        }
        Ok(result.plaintext)
    }

    /// The distribution message of this device's own sender key in `group`; makes the key if needed.
    pub async fn sender_key_distribution(&mut self, group: &str, own_address: &str) -> Result<Vec<u8>> {
        let name = SenderKeyName::from_parts(group, own_address);
        let message = create_sender_key_distribution_message(&name, &mut self.sender_keys, &mut random()).await?;
        Ok(message.serialized().to_vec())
    }

    /// Encrypts for a group with this device's own sender key.
    pub async fn encrypt_for_group(&mut self, group: &str, own_address: &str, plaintext: &[u8]) -> Result<Envelope> {
        let name = SenderKeyName::from_parts(group, own_address);
        let message = group_encrypt(&mut self.sender_keys, &name, plaintext, &mut random()).await?;
        Ok(Envelope { kind: "skmsg", body: message.serialized().to_vec() })
    }

    /// Learns somebody's sender key in `group`.
    pub async fn learn_sender_key(&mut self, group: &str, address: &str, distribution: &[u8]) -> Result<()> {
        let message = SenderKeyDistributionMessage::try_from(distribution)?;
        let name = SenderKeyName::from_parts(group, address);
        process_sender_key_distribution_message(&name, &message, &mut self.sender_keys).await
    }

    /// Decrypts a `skmsg` that `address` sent to `group`.
    pub async fn decrypt_from_group(&mut self, group: &str, address: &str, body: &[u8]) -> Result<Vec<u8>> {
        let name = SenderKeyName::from_parts(group, address);
        group_decrypt(body, &mut self.sender_keys, &name).await
    }
}

fn protocol_address(address: &str) -> ProtocolAddress {
    ProtocolAddress::new(address, 0.into())
}

#[async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        let pair = key_pair(&self.private)?;
        Ok(IdentityKeyPair::new(IdentityKey::new(pair.public_key), pair.private_key))
    }

    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration_id)
    }

    async fn save_identity(&mut self, address: &ProtocolAddress, identity: &IdentityKey) -> Result<IdentityChange> {
        let bytes: Blob = identity.public_key().public_key_bytes().into();
        let before = self.known.insert(address.name().to_owned(), bytes.clone());
        Ok(IdentityChange::from_changed(before.is_some_and(|before| before != bytes)))
    }

    /// Phones trust a changed identity and only show a notice; so do these.
    async fn is_trusted_identity(&self, _: &ProtocolAddress, _: &IdentityKey, _: Direction) -> Result<bool> {
        Ok(true)
    }

    async fn get_identity(&self, address: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        match self.known.get(address.name()) {
            Some(bytes) => Ok(Some(IdentityKey::new(PublicKey::from_djb_public_key_bytes(&bytes.0)?))),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn load_session(&self, address: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        let Some(bytes) = self.0.get(address.name()) else { return Ok(None) };
        let mut record = SessionRecord::deserialize(&bytes.0)?;
        record.waive_counter_lease();
        Ok(Some(record))
    }

    async fn has_session(&self, address: &ProtocolAddress) -> Result<bool> {
        Ok(self.0.contains_key(address.name()))
    }

    async fn store_session(&mut self, address: &ProtocolAddress, mut record: SessionRecord) -> Result<()> {
        record.waive_counter_lease();
        self.0.insert(address.name().to_owned(), Blob(record.serialize()?));
        Ok(())
    }
}

#[async_trait]
impl PreKeyStore for PreKeys {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        let private = self.private.get(&u32::from(id)).ok_or(SignalProtocolError::InvalidPreKeyId)?;
        Ok(PreKeyRecord::new(id, &key_pair(private)?))
    }

    async fn save_pre_key(&mut self, id: PreKeyId, record: &PreKeyRecord) -> Result<()> {
        self.private.insert(id.into(), record.private_key()?.serialize().as_slice().into());
        Ok(())
    }

    async fn remove_pre_key(&mut self, id: PreKeyId) -> Result<()> {
        self.private.remove(&u32::from(id));
        Ok(())
    }
}

#[async_trait]
impl SignedPreKeyStore for SignedPreKeys {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        if u32::from(id) != self.id {
            return Err(SignalProtocolError::InvalidSignedPreKeyId);
        }
        Ok(SignedPreKeyRecord::new(id, Timestamp::from_epoch_millis(0), &key_pair(&self.private)?, &self.signature.0))
    }

    async fn save_signed_pre_key(&mut self, id: SignedPreKeyId, record: &SignedPreKeyRecord) -> Result<()> {
        self.id = id.into();
        self.private = record.private_key()?.serialize().as_slice().into();
        self.signature = Blob(record.signature()?);
        Ok(())
    }
}

#[async_trait]
impl SenderKeyStore for SenderKeys {
    async fn store_sender_key(&mut self, name: &SenderKeyName, mut record: SenderKeyRecord) -> Result<()> {
        // Refused only for a record without a usable state, which then has nothing to lease.
        let _ = record.waive_counter_lease();
        self.0.insert(name.cache_key().to_owned(), Blob(record.serialize()?));
        Ok(())
    }

    async fn load_sender_key(&self, name: &SenderKeyName) -> Result<Option<SenderKeyRecord>> {
        let Some(bytes) = self.0.get(name.cache_key()) else { return Ok(None) };
        let mut record = SenderKeyRecord::deserialize(&bytes.0)?;
        let _ = record.waive_counter_lease();
        Ok(Some(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(device: &SignalDevice) -> SignalDevice {
        serde_json::from_str(&serde_json::to_string(device).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn two_devices_talk_across_restarts() {
        let mut anna = SignalDevice::generate().unwrap();
        let mut bert = SignalDevice::generate().unwrap();
        anna.start_session("bert", bert.bundle().unwrap()).await.unwrap();
        for round in 0..5u8 {
            let there = anna.encrypt("bert", &[round]).await.unwrap();
            assert_eq!(bert.decrypt("anna", there.kind, &there.body).await.unwrap(), [round]);
            let back = bert.encrypt("anna", &[round, 1]).await.unwrap();
            assert_eq!(anna.decrypt("bert", back.kind, &back.body).await.unwrap(), [round, 1]);
            anna = stored(&anna);
            bert = stored(&bert);
        }
    }

    #[tokio::test]
    async fn a_stranger_cannot_read_it() {
        let mut anna = SignalDevice::generate().unwrap();
        let mut bert = SignalDevice::generate().unwrap();
        let mut carl = SignalDevice::generate().unwrap();
        anna.start_session("bert", bert.bundle().unwrap()).await.unwrap();
        let sent = anna.encrypt("bert", b"secret").await.unwrap();
        assert!(carl.decrypt("anna", sent.kind, &sent.body).await.is_err());
    }

    #[tokio::test]
    async fn a_group_shares_a_sender_key() {
        let mut anna = SignalDevice::generate().unwrap();
        let mut bert = SignalDevice::generate().unwrap();
        let distribution = anna.sender_key_distribution("g", "anna").await.unwrap();
        bert.learn_sender_key("g", "anna", &distribution).await.unwrap();
        for text in [b"one", b"two"] {
            let sent = anna.encrypt_for_group("g", "anna", text).await.unwrap();
            assert_eq!(bert.decrypt_from_group("g", "anna", &sent.body).await.unwrap(), text);
            anna = stored(&anna);
            bert = stored(&bert);
        }
    }
}
