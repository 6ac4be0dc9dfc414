//! The daemon: one process that owns one session.
//!
//! [`hub`] is what its rooms share; [`api`] are the shapes of the local API,
//! [`outbox`] decides what is sent when, [`ingest`] takes in what comes.

pub mod api;
pub mod client;
pub mod hub;
pub mod outbox;
pub mod ingest;
pub mod control;
