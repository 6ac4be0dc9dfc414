//! The link to WhatsApp: the client library's wrapper and the loopback simulator.
//!
//! Only this room names `whatsapp_rust`, `wacore` and `waproto`.

pub mod simulator;
