//! What plugins of wpp are written with.
//!
//! A plugin is a component. It implements the traits of one world and names itself with that world's
//! macro: [`checker!`] for checks alone, [`notifier!`] for a place that notices go to, [`gateway!`] for
//! a gateway to WhatsApp. What it asks of the host is in [`http`], [`config`] and [`clock`];
//! [`Api`] is a server that answers in JSON, and knows how servers fail. Checks are rows of a table:
//! [`judgements!`] makes the types for it.
//!
//! A plugin never panics over what a server says: where an answer is not of the shape that it ought
//! to have, [`Answer::strange`] is the failure to give back. What comes from a server or a message and
//! becomes part of an address goes through [`segment`], and never into a header.
//!
//! ```ignore
//! use wpp_plugin_sdk::checker::{Check, Guest, Judgement, Outcome};
//!
//! struct Plugin;
//!
//! impl Guest for Plugin {
//!     fn describe() -> Vec<Check> { … }
//!     fn run(only: Vec<String>) -> Vec<Outcome> { … }
//! }
//!
//! wpp_plugin_sdk::checker!(Plugin);
//! ```

mod api;
#[doc(hidden)]
#[allow(warnings, clippy::all, reason = "generated: plugins/bindings writes it from the contract")]
pub mod bindings {
    pub mod checker;
    pub mod gateway;
    pub mod notifier;
    pub mod powers;
}
pub mod endpoints;
pub mod judge;
mod time;

pub use api::{Answer, Api, TIMEOUT_MS, segment};
pub use bindings::powers::wpp::plugin::types::{Evidence, Failure, FailureKind, Outage, Secret, Setting, Severity};
pub use bindings::powers::wpp::plugin::{clock, config, http, log};
pub use serde_json::{self, Value, json};
pub use time::{moment_ms, span};

/// What a plugin with checks alone implements.
pub mod checker {
    pub use crate::bindings::checker::exports::wpp::plugin::checks::{Check, Finding, Guest, Judgement, Outcome};
}

/// What a plugin that sends notices implements.
pub mod notifier {
    pub use crate::bindings::notifier::exports::wpp::plugin::channel::{
        Condition, Description, Guest, Kind, Message, Receipt, Wellness,
    };
}

/// What a plugin for a gateway implements: four traits.
pub mod gateway {
    pub use crate::bindings::gateway::exports::wpp::plugin::channel::{
        Condition, Description, Guest as Channel, Kind, Message, Receipt, Wellness,
    };
    pub use crate::bindings::gateway::exports::wpp::plugin::checks::{Check, Finding, Guest as Checks, Judgement, Outcome};
    pub use crate::bindings::gateway::exports::wpp::plugin::sessions::{Guest as Sessions, Offer, Session, State, Way};
    pub use crate::bindings::gateway::exports::wpp::plugin::webhooks::{Delivery, Guest as Webhooks, Webhook};
}

/// Makes a component with checks of a type.
#[macro_export]
macro_rules! checker {
    ($plugin:ident) => {
        $crate::bindings::checker::export_checker!($plugin with_types_in $crate::bindings::checker);
        $crate::panics_are_told!();
    };
}

/// Makes a component that sends notices of a type.
#[macro_export]
macro_rules! notifier {
    ($plugin:ident) => {
        $crate::bindings::notifier::export_notifier!($plugin with_types_in $crate::bindings::notifier);
        $crate::panics_are_told!();
    };
}

/// Makes a component for a gateway of a type.
#[macro_export]
macro_rules! gateway {
    ($plugin:ident) => {
        $crate::bindings::gateway::export_gateway!($plugin with_types_in $crate::bindings::gateway);
        $crate::panics_are_told!();
    };
}

/// A component has no stderr: without this nobody would learn why it ended.
#[doc(hidden)]
#[macro_export]
macro_rules! panics_are_told {
    () => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            extern "C" fn tell() {
                $crate::tell_panics();
            }
            // Called by the component's own start, before its first call.
            #[used]
            #[unsafe(link_section = ".init_array")]
            static TELL: extern "C" fn() = tell;
        };
    };
}

#[doc(hidden)]
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| log::write(log::Level::Error, &panic.to_string())));
}

/// Why something was not done.
pub fn failure(kind: FailureKind, message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure { kind, message: message.into(), hint: hint.into(), outage: None }
}

/// The system behind the plugin has no such thing.
pub fn unsupported(message: impl Into<String>) -> Failure {
    failure(FailureKind::Unsupported, message, "")
}

/// Describes a setting that must be there.
pub fn needs(name: &str, about: &str) -> Setting {
    Setting { name: name.into(), about: about.into(), required: true, default: None }
}

/// Describes a setting with what holds when it is not set; empty when nothing does.
pub fn takes(name: &str, about: &str, default: &str) -> Setting {
    let default = Some(default.to_owned()).filter(|default| !default.is_empty());
    Setting { name: name.into(), about: about.into(), required: false, default }
}

/// Describes a secret without which nothing works.
pub fn needs_secret(name: &str, about: &str) -> Secret {
    Secret { name: name.into(), about: about.into(), required: true }
}

/// Describes a secret that is used where a setting or the server asks for it.
pub fn takes_secret(name: &str, about: &str) -> Secret {
    Secret { name: name.into(), about: about.into(), required: false }
}

/// What operators write for a session of this gateway: `openwa:main`, with the name that they gave the
/// plugin.
pub fn address(session: &str) -> String {
    format!("{}:{session}", config::name())
}

/// A setting that must be there.
pub fn required(name: &str) -> Result<String, Failure> {
    config::get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        failure(FailureKind::Misconfigured, format!("the setting {name} is missing"), format!("set {name} in config.toml"))
    })
}

/// A setting as a number.
pub fn number(name: &str, default: u64) -> Result<u64, Failure> {
    let Some(text) = config::get(name) else { return Ok(default) };
    text.parse().map_err(|_| {
        failure(
            FailureKind::Misconfigured,
            format!("the setting {name} is no number"),
            format!("write {name} as digits in config.toml"),
        )
    })
}

/// A setting that is `true` or `false`.
pub fn flag(name: &str, default: bool) -> Result<bool, Failure> {
    match config::get(name).as_deref() {
        None | Some("") => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(failure(
            FailureKind::Misconfigured,
            format!("the setting {name} is neither true nor false"),
            "write one of them in config.toml",
        )),
    }
}

/// The number in what operators write of a recipient: `+62 812-3456` or `628123456@s.whatsapp.net`;
/// `None` when it is none, as with a group's.
pub fn digits(recipient: &str) -> Option<String> {
    let (user, server) = recipient.split_once('@').unwrap_or((recipient, "s.whatsapp.net"));
    if !["s.whatsapp.net", "c.us"].contains(&server) {
        return None;
    }
    let number: String = user.chars().filter(|letter| !" +-()".contains(*letter)).collect();
    ((6..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}
