//! What can be asked of the simulator: one type for callers in this process and on the control
//! socket.
//!
//! Imports nothing. Start with [`Request`]. On the socket a request is one line of JSON whose `op`
//! names the variant; the answer is one line, `{"ok":true,…}` or `{"ok":false,"error":"…"}`.

use serde::{Deserialize, Serialize};

/// One request. Numbers are in international form; a `+` before them is dropped where one number is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Connections, companions, queue lengths, knobs and counters.
    Status,
    /// The device in a store that no client uses becomes a companion, whoever linked it. Answers
    /// `{"paired":true,"device":N}`, or `{"paired":false}` for a store that was never linked.
    Adopt {
        /// The client library's store, such as `session.db` of a restored session.
        session_db: std::path::PathBuf,
    },
    /// The phone scans a QR code. `code` is the text of the code.
    PhoneScan {
        /// The whole text of the QR code.
        code: String,
    },
    /// The phone's owner types the eight characters that a companion shows.
    PhonePairCode {
        /// The code, with or without its hyphen.
        code: String,
        /// The phone number that the companion asked for; any waiting companion when absent.
        #[serde(default)]
        number: Option<String>,
    },
    /// The phone's owner logs out a linked device.
    PhoneUnlink {
        /// The device number; every companion when absent.
        #[serde(default)]
        companion: Option<u16>,
    },
    /// The phone's owner writes a message; every companion gets a copy, the peer the message.
    PhoneSend {
        /// The peer's number.
        #[serde(deserialize_with = "number")]
        to: String,
        /// The text.
        text: String,
    },
    /// What the own phone received (copies of what companions sent, messages of peers).
    PhoneInbox,
    /// A peer writes to the account. A number that was never seen is a stranger and is made.
    /// Answers `{"ids":[…]}`.
    PeerSend {
        /// The peer's number.
        #[serde(deserialize_with = "number")]
        from: String,
        /// The text; with `count` above 1 a space and a running number from 1 is appended.
        text: String,
        /// How many messages; 1 when absent.
        #[serde(default = "one")]
        count: u32,
        /// The group to write to instead of the account's chat.
        #[serde(default)]
        group: Option<String>,
    },
    /// What a peer decrypted, in order: `{"messages":[{id, from, text|error, copies}]}`.
    PeerInbox {
        /// The peer's number.
        #[serde(deserialize_with = "number")]
        peer: String,
    },
    /// The peer's phone is set up anew: it forgets its sessions and must ask for retries.
    PeerForget {
        /// The peer's number.
        #[serde(deserialize_with = "number")]
        peer: String,
    },
    /// The server tells a companion that few of its one-time keys are left; it uploads new ones.
    KeysLow {
        /// The device number; every companion that is there when absent.
        #[serde(default)]
        companion: Option<u16>,
    },
    /// Makes a group of the account and these peers; answers `{"group":"…@g.us"}`.
    GroupCreate {
        /// The group's subject.
        subject: String,
        /// The members' numbers.
        members: Vec<String>,
    },
    /// Turns a knob: a fault that lasts.
    Set {
        /// The fault, for example `{"name":"nack_sends","code":479,"times":1}`.
        knob: super::knobs::Setting,
    },
    /// Turns one knob back, or all of them.
    Clear {
        /// The knob's name; all when absent.
        #[serde(default)]
        knob: Option<super::knobs::Name>,
    },
    /// Sends a stream error to every logged-in companion.
    StreamError {
        /// 401 logged out, 409 replaced, 429 rate limited, 503 unavailable, 515 restart.
        code: u16,
    },
    /// Drops every TCP connection now, without a word.
    Close,
}

fn one() -> u32 {
    1
}

/// A phone number as people write it: with or without a plus.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    Ok(text.strip_prefix('+').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_documented() {
        let lines = [
            r#"{"op":"status"}"#,
            r#"{"op":"adopt","session_db":"/x/session.db"}"#,
            r#"{"op":"phone_scan","code":"2@x,y,z,w,1"}"#,
            r#"{"op":"phone_pair_code","code":"ABCD-EFGH"}"#,
            r#"{"op":"phone_unlink"}"#,
            r#"{"op":"phone_send","to":"15550001111","text":"hi"}"#,
            r#"{"op":"phone_inbox"}"#,
            r#"{"op":"peer_send","from":"15550001111","text":"hi","count":3}"#,
            r#"{"op":"peer_inbox","peer":"15550001111"}"#,
            r#"{"op":"peer_forget","peer":"15550001111"}"#,
            r#"{"op":"keys_low"}"#,
            r#"{"op":"group_create","subject":"Crew","members":["15550001111"]}"#,
            r#"{"op":"set","knob":{"name":"refuse"}}"#,
            r#"{"op":"set","knob":{"name":"silent"}}"#,
            r#"{"op":"set","knob":{"name":"slow","ms":50}}"#,
            r#"{"op":"set","knob":{"name":"drop_frames","times":1}}"#,
            r#"{"op":"set","knob":{"name":"close_after","frames":3}}"#,
            r#"{"op":"set","knob":{"name":"login_failure","code":503,"times":2}}"#,
            r#"{"op":"set","knob":{"name":"nack_sends","code":479}}"#,
            r#"{"op":"set","knob":{"name":"drop_acks"}}"#,
            r#"{"op":"set","knob":{"name":"passkey_stage"}}"#,
            r#"{"op":"set","knob":{"name":"mute_login"}}"#,
            r#"{"op":"set","knob":{"name":"newest_keys_first"}}"#,
            r#"{"op":"clear"}"#,
            r#"{"op":"clear","knob":"slow"}"#,
            r#"{"op":"stream_error","code":515}"#,
            r#"{"op":"close"}"#,
        ];
        for line in lines {
            let request: Request = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let again: Request = serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
            assert_eq!(format!("{request:?}"), format!("{again:?}"));
        }
        // A misspelt parameter must not be taken for its absence.
        assert!(serde_json::from_str::<Request>(r#"{"op":"set","knob":{"name":"drop_acks","tmes":1}}"#).is_err());
        assert!(serde_json::from_str::<Request>(r#"{"op":"peer_send","from":"1","text":"x","cout":3}"#).is_err());
    }
}
