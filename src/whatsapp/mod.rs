//! The link to WhatsApp: the only room that names `whatsapp_rust` and the crates under it.
//!
//! It may import the ground floor and the nouns of a session. What leaves this room is plain data.
//! Start with [`client::Link`] (one linked device), [`endpoint::Endpoint`] (where it connects to)
//! and [`client::Ledger`] (what must be written down before the link may go on).

pub mod client;
pub mod endpoint;
pub mod fault;
pub mod simulator;
pub mod stored;
mod transport;
