//! The account's own phone: it links devices, shares keys with them and writes messages of its own.
//!
//! Imports world, answers, signal. Start with [`World::phone_scan`]. The phone is device 0 of the
//! account. It really encrypts for companions and decrypts what they send it; what it writes to
//! peers reaches them directly, because no companion takes part in that.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use wacore::pair::PairUtils;
use wacore::pair_code::PairCodeUtils;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};
use wacore_libsignal::protocol::{KeyPair, PublicKey};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;

use super::answers::{attribute, child_content, content, request, result};
use super::knobs::Name;
use super::signal::{self, Blob};
use super::storage::Received;
use super::world::{Companion, Stage, World, now_s, random_id, refused, server_jid, signal_failed};
use crate::error::{Context, Result};

/// The phone's name in the inbox table.
pub const OWNER: &str = "phone";

/// How long after pairing the restart comes; the real server is farther away than that.
const RESTART_DELAY: Duration = Duration::from_millis(50);

/// What precedes the bytes that the account signs to admit a device.
const ACCOUNT_SIGNATURE_PREFIX: [u8; 2] = [6, 0];

/// A companion that shows an eight-character code.
#[derive(Debug)]
pub struct LinkCode {
    /// The number that its user typed.
    number: String,
    /// What ties the stages of one flow together.
    reference: Vec<u8>,
    /// The companion's ephemeral key, sealed with the code.
    sealed_ephemeral: Vec<u8>,
    /// The phone's half, once its owner typed the code.
    entered: Option<EnteredCode>,
}

#[derive(Debug)]
struct EnteredCode {
    ephemeral_private: Blob,
    companion_ephemeral: [u8; 32],
}

impl World {
    /// Scans a QR code that some connected companion shows.
    pub(super) fn phone_scan(&mut self, code: &str) -> Result<Value> {
        let (reference, noise_public, identity) = PairUtils::parse_qr_code(code)
            .map_err(|error| refused("this is not a QR code for linking a device").caused_by(error))?;
        let body = code.rsplit('#').next().unwrap_or(code);
        let adv_secret = {
            use base64::Engine as _;
            let field = body.split(',').nth(3).unwrap_or_default();
            base64::engine::general_purpose::STANDARD
                .decode(field)
                .map_err(|error| refused("the QR code's secret is not base64").caused_by(error))?
        };
        let connection = self
            .stages_mut()
            .find_map(|(id, stage)| match stage {
                Stage::Pairing { references, .. } if references.contains(&reference) => Some(id),
                _ => None,
            })
            .ok_or_else(|| refused("no connected companion shows this QR code").hint("scan the code that is shown now"))?;
        if self.noise_public_of(connection) != Some(noise_public.as_slice().into()) {
            return Err(refused("the QR code's key is not the key of the companion that shows it"));
        }
        if super::knobs_of(&self.knobs).is_on(Name::PasskeyStage) {
            return self.passkey_stage(connection);
        }
        let device = self.admit(connection, &identity, &adv_secret)?;
        Ok(json!({ "device": device }))
    }

    /// Sends `pair-success` to a companion whose identity and secret the phone has seen; answers the
    /// number that the device will have.
    fn admit(&mut self, connection: u64, identity: &[u8], adv_secret: &[u8]) -> Result<u16> {
        let device = self.account.next_device;
        self.account.next_device += 1;
        self.save_account()?;
        let keys = self.phone.identity().while_doing(signal_failed)?;
        let details = wa::ADVDeviceIdentity {
            raw_id: Some(self.account.raw_id),
            timestamp: Some(now_s()),
            key_index: Some(u32::from(device)),
            ..Default::default()
        }
        .encode_to_vec();
        let signed = [&ACCOUNT_SIGNATURE_PREFIX, details.as_slice(), identity].concat();
        let signature = keys.calculate_signature(&signed, &mut signal::random()).while_doing(signal_failed)?;
        let signed_identity = wa::ADVSignedDeviceIdentity {
            details: Some(details),
            account_signature_key: Some(keys.public_key.public_key_bytes().to_vec()),
            account_signature: Some(signature.to_vec()),
            device_signature: None,
        }
        .encode_to_vec();
        let mut mac = Hmac::<Sha256>::new_from_slice(adv_secret)
            .map_err(|error| refused("the companion's secret cannot be used").caused_by(error))?;
        mac.update(&signed_identity);
        let sealed = wa::ADVSignedDeviceIdentityHMAC {
            details: Some(signed_identity),
            hmac: Some(mac.finalize().into_bytes().to_vec()),
            ..Default::default()
        }
        .encode_to_vec();
        let success = NodeBuilder::new("pair-success")
            .children([
                NodeBuilder::new("device-identity").bytes(sealed).build(),
                NodeBuilder::new("biz").attr("name", self.account.name.as_str()).build(),
                NodeBuilder::new("platform").attr("name", "simulator").build(),
                NodeBuilder::new("device").attr("jid", self.own_pn(device)).attr("lid", self.own_lid(device)).build(),
            ])
            .build();
        self.send(connection, request(&random_id("", 8), "md", success));
        if let Some(Stage::Pairing { scanned, .. }) = self.stage_mut(connection) {
            *scanned = Some((device, identity.into()));
        }
        Ok(device)
    }

    /// The client answered a request of ours: of interest only when it signed its identity.
    pub(super) fn answer_to_us(&mut self, connection: u64, node: &Node) -> Result<()> {
        let Some(signed) =
            node.get_optional_child("pair-device-sign").and_then(|signed| signed.get_optional_child("device-identity"))
        else {
            return Ok(());
        };
        let Some(Stage::Pairing { scanned: Some((device, identity)), .. }) = self.stage_mut(connection) else {
            return Ok(());
        };
        let (device, identity) = (*device, identity.clone());
        let Some(noise_public) = self.noise_public_of(connection) else { return Ok(()) };
        // The same client, paired anew: its former device is no more.
        let former: Vec<u16> = self
            .companions
            .values()
            .filter(|companion| companion.noise_public == noise_public && !companion.unlinked)
            .map(|companion| companion.device)
            .collect();
        for device in former {
            self.unlink(device)?;
        }
        self.companions.insert(
            device,
            Companion {
                device,
                noise_public,
                identity,
                signed_identity: content(signed).into(),
                paired_at_s: now_s(),
                unlinked: false,
                key_shared: false,
                registration_id: None,
                signed: None,
                one_time: Default::default(),
            },
        );
        self.save_companion(device)?;
        self.counters.pairings += 1;
        // The library notes that it expects to be disconnected only after it has sent this answer. A
        // restart that overtakes that note makes it drop the next connection too.
        let restart = NodeBuilder::new("stream:error").attr("code", 515u16).build();
        self.send_later(connection, RESTART_DELAY, restart);
        self.end(connection);
        Ok(())
    }

    /// `md` requests of a device that is not linked yet: the stages of linking by code.
    pub(super) fn link_code_request(&mut self, connection: u64, id: &str, node: &Node) -> Result<()> {
        let Some(stage) = node.get_optional_child("link_code_companion_reg") else {
            self.send(connection, result(id, Vec::new()));
            return Ok(());
        };
        match attribute(stage, "stage").as_deref() {
            Some("companion_hello") => {
                let reference = random_id("", 16).into_bytes();
                let number = attribute(stage, "jid").unwrap_or_default();
                let code = LinkCode {
                    number: number.split('@').next().unwrap_or_default().to_owned(),
                    reference: reference.clone(),
                    sealed_ephemeral: child_content(stage, "link_code_pairing_wrapped_companion_ephemeral_pub").to_vec(),
                    entered: None,
                };
                if let Some(Stage::Pairing { link_code, .. }) = self.stage_mut(connection) {
                    *link_code = Some(code);
                }
                let answer = NodeBuilder::new("link_code_companion_reg")
                    .children([NodeBuilder::new("link_code_pairing_ref").bytes(reference).build()])
                    .build();
                self.send(connection, result(id, vec![answer]));
                Ok(())
            }
            Some("companion_finish") => {
                match self.open_key_bundle(connection, stage) {
                    Ok((identity, adv_secret)) => {
                        self.send(connection, result(id, Vec::new()));
                        self.admit(connection, &identity, &adv_secret)?;
                        Ok(())
                    }
                    Err(_) => {
                        // The owner typed another code than the companion shows.
                        let error = NodeBuilder::new("error").attr("code", 400u16).attr("text", "bad-request").build();
                        let answer = NodeBuilder::new("iq")
                            .attr("from", server_jid())
                            .attr("type", "error")
                            .attr("id", id)
                            .children([error])
                            .build();
                        self.send(connection, answer);
                        Ok(())
                    }
                }
            }
            _ => {
                self.send(connection, result(id, Vec::new()));
                Ok(())
            }
        }
    }

    /// The owner types the code that a companion shows.
    pub(super) fn phone_pair_code(&mut self, code: &str, number: Option<&str>) -> Result<Value> {
        let code = code.replace('-', "").to_ascii_uppercase();
        if !PairCodeUtils::validate_code(&code) {
            return Err(refused("a pair code has eight letters and digits"));
        }
        let identity = self.phone.identity().while_doing(signal_failed)?.public_key.public_key_bytes().to_vec();
        let ephemeral = KeyPair::generate(&mut signal::random());
        let mut ephemeral_public = [0u8; 32];
        ephemeral_public.copy_from_slice(ephemeral.public_key.public_key_bytes());
        let found = self.stages_mut().find_map(|(id, stage)| match stage {
            Stage::Pairing { link_code: Some(link), .. } if number.is_none_or(|number| number == link.number) => Some((id, link)),
            _ => None,
        });
        let Some((connection, link)) = found else {
            return Err(refused("no connected companion waits for a pair code"));
        };
        let companion_ephemeral = PairCodeUtils::decrypt_primary_ephemeral_pub(&link.sealed_ephemeral, &code)
            .map_err(|error| refused("the companion's key cannot be opened").caused_by(error))?;
        link.entered =
            Some(EnteredCode { ephemeral_private: ephemeral.private_key.serialize().as_slice().into(), companion_ephemeral });
        let reference = link.reference.clone();
        let sealed = PairCodeUtils::encrypt_ephemeral_pub(&ephemeral_public, &code).to_vec();
        let hello = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "primary_hello")
            .children([
                NodeBuilder::new("link_code_pairing_wrapped_primary_ephemeral_pub").bytes(sealed).build(),
                NodeBuilder::new("primary_identity_pub").bytes(identity).build(),
                NodeBuilder::new("link_code_pairing_ref").bytes(reference).build(),
            ])
            .build();
        let notification = NodeBuilder::new("notification")
            .attr("from", server_jid())
            .attr("type", "link_code_companion_reg")
            .attr("id", random_id("", 8))
            .attr("t", now_s())
            .children([hello])
            .build();
        self.send(connection, notification);
        Ok(json!({}))
    }

    /// Opens what the companion sealed with both ephemeral keys: its identity and the new secret.
    fn open_key_bundle(&mut self, connection: u64, stage: &Node) -> Result<(Vec<u8>, [u8; 32])> {
        let phone = self.phone.identity().while_doing(signal_failed)?;
        let Some(Stage::Pairing { link_code: Some(LinkCode { entered: Some(entered), .. }), .. }) = self.stage_mut(connection)
        else {
            return Err(refused("nobody typed a code"));
        };
        let wrong = || "the companion shows another code".to_owned();
        let sealed = child_content(stage, "link_code_pairing_wrapped_key_bundle");
        let identity = child_content(stage, "companion_identity_public").to_vec();
        let (Some(salt), Some(nonce), Some(body)) = (sealed.get(..32), sealed.get(32..44), sealed.get(44..)) else {
            return Err(refused("the companion's key bundle is too short"));
        };
        let ephemeral = signal::key_pair(&entered.ephemeral_private).while_doing(signal_failed)?;
        let shared = PublicKey::from_djb_public_key_bytes(&entered.companion_ephemeral)
            .and_then(|theirs| ephemeral.calculate_agreement(&theirs))
            .while_doing(wrong)?;
        let identity_shared = PublicKey::from_djb_public_key_bytes(&identity)
            .and_then(|theirs| phone.calculate_agreement(&theirs))
            .while_doing(wrong)?;
        let mut key = [0u8; 32];
        wacore::crypto::hkdf_sha256_into(&shared, Some(salt), b"link_code_pairing_key_bundle_encryption_key", &mut key)
            .map_err(|_| refused(wrong()))?;
        let nonce: [u8; 12] = nonce.try_into().while_doing(wrong)?;
        let mut bundle = Vec::new();
        wacore_libsignal::crypto::aes_256_gcm_decrypt(&key, &nonce, b"", body, &mut bundle).while_doing(wrong)?;
        let random = bundle.get(64..96).ok_or_else(|| refused("the companion's key bundle is too short"))?;
        let secret = [shared.as_slice(), &identity_shared, random].concat();
        let mut adv_secret = [0u8; 32];
        wacore::crypto::hkdf_sha256_into(&secret, None, b"adv_secret", &mut adv_secret).map_err(|_| refused(wrong()))?;
        Ok((identity, adv_secret))
    }

    /// The phone asks for a passkey instead of admitting the device. The stage lasts until the knob
    /// is cleared and the code is scanned again; nobody here can check a passkey.
    fn passkey_stage(&mut self, connection: u64) -> Result<Value> {
        use base64::Engine as _;
        let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random_id("", 16));
        let options = json!({
            "challenge": challenge, "rpId": "whatsapp.com", "allowCredentials": [],
            "userVerification": "required", "timeout": 60_000,
        });
        let prologue = NodeBuilder::new("passkey_request_options").bytes(options.to_string().into_bytes()).build();
        let notification = NodeBuilder::new("notification")
            .attr("from", server_jid())
            .attr("type", "passkey_prologue_request")
            .attr("id", random_id("", 8))
            .attr("t", now_s())
            .children([prologue])
            .build();
        self.send(connection, notification);
        Ok(json!({ "passkey": true }))
    }

    /// Logs out one companion, or all.
    pub(super) fn phone_unlink(&mut self, companion: Option<u16>) -> Result<Value> {
        let devices = match companion {
            Some(device) if self.companions.contains_key(&device) => vec![device],
            Some(device) => return Err(refused(format!("there is no companion {device}"))),
            None => self.linked(),
        };
        for device in &devices {
            self.unlink(*device)?;
        }
        Ok(json!({ "unlinked": devices }))
    }

    /// Forgets a companion: it is told if it is there, and refused from now on.
    pub(super) fn unlink(&mut self, device: u16) -> Result<()> {
        if let Some(companion) = self.companions.get_mut(&device) {
            companion.unlinked = true;
        }
        self.save_companion(device)?;
        self.storage.clear_queue(device)?;
        self.phone.forget_session(&super::world::companion_address(device));
        self.save_phone()?;
        for (connection, _) in self.logged_in(Some(device)) {
            let conflict = NodeBuilder::new("conflict").attr("type", "device_removed").build();
            self.send(connection, NodeBuilder::new("stream:error").attr("code", 401u16).children([conflict]).build());
            self.end(connection);
        }
        Ok(())
    }

    /// Sends the key of the app state, which a new companion waits for.
    pub(super) async fn share_app_state_key(&mut self, device: u16) -> Result<()> {
        let (key_id, key) = self.account.app_state_key.clone();
        let fingerprint = wa::message::AppStateSyncKeyFingerprint {
            raw_id: Some(self.account.raw_id),
            current_index: Some(0),
            device_indexes: vec![0, u32::from(device)],
        };
        let share = wa::message::AppStateSyncKeyShare {
            keys: vec![wa::message::AppStateSyncKey {
                key_id: MessageField::some(wa::message::AppStateSyncKeyId { key_id: Some(key_id.0) }),
                key_data: MessageField::some(wa::message::AppStateSyncKeyData {
                    key_data: Some(key.0),
                    fingerprint: MessageField::some(fingerprint),
                    timestamp: Some(i64::try_from(now_s()).unwrap_or(0)),
                }),
            }],
        };
        let message = wa::Message {
            protocol_message: MessageField::some(wa::message::ProtocolMessage {
                r#type: Some(wa::message::protocol_message::Type::APP_STATE_SYNC_KEY_SHARE),
                app_state_sync_key_share: MessageField::some(share),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.phone_to_companion(device, &random_id("3A", 9), &message, None).await?;
        if let Some(companion) = self.companions.get_mut(&device) {
            companion.key_shared = true;
        }
        self.save_companion(device)
    }

    /// The owner writes to a peer on the phone.
    pub(super) async fn phone_send(&mut self, to: &str, text: &str) -> Result<Value> {
        if !self.make_peer(to)? {
            return Err(refused(format!("{to} is not on WhatsApp")));
        }
        let id = random_id("3A", 9);
        let received =
            Received { id: id.clone(), from: OWNER.to_owned(), group: None, text: Some(text.to_owned()), error: None, copies: 1 };
        self.storage.receive(to, &received)?;
        let chat = Jid::pn(to);
        let message = wacore::messages::wrap_device_sent(super::peers::text_message(text), chat.to_string());
        for device in self.linked() {
            self.phone_to_companion(device, &id, &message, Some(&chat)).await?;
        }
        Ok(json!({ "id": id }))
    }

    /// Encrypts a message of the phone for one companion and queues it. With a `chat` it is a copy
    /// of what was written there; without, it is between the devices.
    async fn phone_to_companion(&mut self, device: u16, id: &str, message: &wa::Message, chat: Option<&Jid>) -> Result<()> {
        let newest = super::knobs_of(&self.knobs).is_on(Name::NewestKeysFirst);
        let Some(companion) = self.companions.get_mut(&device) else { return Ok(()) };
        let address = companion.address();
        if !self.phone.has_session(&address) {
            // Before its first upload a companion cannot be written to; it gets no copies either.
            let Some(bundle) = companion.take_bundle(newest) else { return Ok(()) };
            self.phone.start_session(&address, bundle).await.while_doing(signal_failed)?;
            self.save_companion(device)?;
        }
        let padded = wacore::messages::MessageUtils::encode_and_pad(message);
        let sealed = self.phone.encrypt(&address, &padded).await.while_doing(signal_failed)?;
        self.save_phone()?;
        let stanza = NodeBuilder::new("message")
            .attr("from", self.own_pn(0))
            .attr("id", id)
            .attr("type", "text")
            .attr("t", now_s())
            .attr("notify", self.account.name.as_str());
        let stanza = match chat {
            Some(chat) => stanza.attr("recipient", chat),
            None => stanza.attr("category", "peer"),
        };
        let stanza = stanza.children([super::peers::enc(&sealed)]).build();
        self.deliver(device, "message", id, stanza)
    }

    /// A companion sent something to the phone: a copy of its own message, or a request.
    pub(super) async fn phone_receives(&mut self, device: u16, id: &str, plaintext: &[u8]) -> Result<()> {
        let message = wacore::messages::decode_plaintext(plaintext, 2)
            .while_doing(|| "a companion sent the phone something that is no message".to_owned())?;
        let message = wacore::messages::unwrap_device_sent(message);
        if let Some(protocol) = message.protocol_message.as_option() {
            use wa::message::PeerDataOperationRequestType as Operation;
            use wa::message::protocol_message::Type;
            match protocol.r#type {
                Some(Type::APP_STATE_SYNC_KEY_REQUEST) => return self.share_app_state_key(device).await,
                // No history is kept here, and a phone that finds nothing says nothing.
                Some(Type::PEER_DATA_OPERATION_REQUEST_MESSAGE)
                    if protocol.peer_data_operation_request_message.peer_data_operation_request_type
                        == Some(Operation::HISTORY_SYNC_ON_DEMAND) =>
                {
                    self.counters.history_asked += 1;
                }
                _ => {}
            }
        }
        if let Some(text) = super::peers::text_of(&message) {
            let from = super::world::companion_address(device);
            let received = Received { id: id.to_owned(), from, group: None, text: Some(text), error: None, copies: 1 };
            self.storage.receive(OWNER, &received)?;
        }
        Ok(())
    }
}
