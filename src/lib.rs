//! `wpp`, the operator's toolkit for WhatsApp sessions.
//!
//! The module list below is the floor plan: a file imports only from rooms above its own line,
//! and `tests/it/layers.rs` holds that.

#![deny(unsafe_code)]

// ground: words and walls
pub mod error;
pub mod clock;
pub mod forms;
pub mod report;
pub mod confirm;
pub mod interrupt;
pub mod process;
pub mod disk;
pub mod home;
pub mod config;
pub mod journal;
// first floor: the nouns
pub mod session;
pub mod whatsapp;
pub mod archive;
pub mod facts;
pub mod capacity;
// second floor: the verbs
pub mod daemon;
pub mod notice;
pub mod backup;
pub mod prune;
pub mod restore;
pub mod linking;
pub mod lifecycle;
pub mod sandbox;
pub mod verify;
pub mod doctor;
pub mod plugin;
pub mod gateway;
pub mod dump;
pub mod evidence;
pub mod alert;
pub mod schedule;
pub mod bundle;
pub mod runbook;
pub mod drill;
// top: the face
pub mod app;
pub mod ui;
pub mod command;

/// Runs the command line and says how it ended.
pub fn main() -> std::process::ExitCode {
    command::main()
}
