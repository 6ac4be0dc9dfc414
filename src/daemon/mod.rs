//! The daemon: one process that owns one session.
//!
//! [`hub`] is what its rooms share; [`api`] are the shapes of the local API.

pub mod api;
pub mod client;
pub mod hub;
