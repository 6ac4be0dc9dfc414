//! Plugins: components that add checks and channels, and that can do nothing else.
//!
//! The contract is `wpp.wit`. [`host`] runs components; [`http`], [`secrets`] and [`grants`] are what
//! stands between them and the world; [`cache`] keeps what was compiled. Start with [`host::Host`].

pub mod grants;
pub mod secrets;
pub mod cache;
pub mod host;
pub mod http;
pub mod powers;
