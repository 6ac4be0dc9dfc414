//! The tables that the client library's store has to hold at [`LAST_KNOWN_MIGRATION`], as its migrations make them: a
//! store that lacks one passes every check of SQLite's, and the library makes none of them again.
//!
//! `src/whatsapp/stored.rs` holds this list to a store that the library itself has just made.

use super::store::LAST_KNOWN_MIGRATION;

/// A table of the library's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in order, with one space between two.
    pub columns: &'static str,
    /// What is lost with it, as the subject of a sentence.
    pub holds: &'static str,
    /// Whether the account cannot be used without it.
    pub is_vital: bool,
}

const fn vital(name: &'static str, columns: &'static str, holds: &'static str) -> Table {
    Table { name, columns, holds, is_vital: true }
}

const fn other(name: &'static str, columns: &'static str, holds: &'static str) -> Table {
    Table { name, columns, holds, is_vital: false }
}

/// All of them.
pub const TABLES: &[Table] = &[
    vital(
        "device",
        "id lid pn registration_id noise_key identity_key signed_pre_key signed_pre_key_id signed_pre_key_signature \
         adv_secret_key account push_name app_version_primary app_version_secondary app_version_tertiary \
         app_version_last_fetched_ms edge_routing_info props_hash next_pre_key_id nct_salt server_has_prekeys \
         server_cert_chain login_counter first_unupload_pre_key_id lid_migrated last_signed_pre_key_rotation_ms \
         read_receipts_disabled",
        "the linked device itself, with the keys that the account knows it by",
    ),
    vital("identities", "address key device_id", "the identity keys of everybody who was ever written with"),
    vital("sessions", "address record device_id", "the Signal sessions, without which nothing is encrypted or read"),
    vital("prekeys", "id key uploaded device_id", "the one-time keys, by which others begin a conversation"),
    vital("sender_keys", "address record device_id", "the sender keys, without which nothing in a group is encrypted or read"),
    vital(
        "pending_inbound_messages",
        "chat sender id message device_id inserted_at",
        "what is being received: nothing can be taken in without it",
    ),
    other("signed_prekeys", "id record device_id", "the signed prekeys that were in use before the present one"),
    other("app_state_keys", "key_id key_data device_id", "the keys of what the account's devices keep in common"),
    other("app_state_versions", "name state_data device_id", "how far this device has followed what they keep in common"),
    other("app_state_mutation_macs", "name version index_mac value_mac device_id", "the proofs of what they keep in common"),
    other(
        "lid_pn_mapping",
        "lid phone_number created_at learning_source updated_at device_id",
        "which anonymous address is which phone number",
    ),
    other("base_keys", "address message_id base_key device_id created_at", "the marks of messages that were asked for again"),
    other(
        "device_registry",
        "user_id devices_json timestamp phash device_id updated_at raw_id",
        "the lists of everybody's devices, to which messages are sent",
    ),
    other(
        "tc_tokens",
        "jid token token_timestamp sender_timestamp device_id updated_at",
        "the tokens by which contacts trust this account",
    ),
    other("sent_messages", "chat_jid message_id payload device_id created_at", "what was sent and may be asked for again"),
    other("sender_key_devices", "group_jid device_jid has_key device_id updated_at", "who was given which group's sender key"),
    other(
        "msg_secrets",
        "chat sender msg_id secret device_id created_at expires_at message_ts",
        "the secrets of messages, by which edits of them are read",
    ),
    other("group_metadata", "group_jid info device_id updated_at", "the lists of the groups' members"),
];

/// How many migrations make them. A store that has had others beside them has more.
pub const MIGRATIONS: u32 = 23;

/// Statements that make them all, without types or keys: for stores that tests make by hand. They say that they have
/// every migration.
pub fn statements() -> String {
    let tables = TABLES.iter().map(|table| format!("CREATE TABLE {} ({});\n", table.name, table.columns.replace(' ', ", ")));
    let earlier: String = (1..MIGRATIONS).map(|number| format!(", ('{number:014}')")).collect();
    let migrations = format!(
        "CREATE TABLE __diesel_schema_migrations (version TEXT PRIMARY KEY);
         INSERT INTO __diesel_schema_migrations VALUES ('{LAST_KNOWN_MIGRATION}'){earlier};\n"
    );
    tables.chain([migrations]).collect()
}
