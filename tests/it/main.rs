//! The one integration test binary: one module for each topic.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers are read beside it"
)]

mod adversary;
mod alert;
mod api;
mod archive;
mod author;
mod backup;
mod bare;
mod capacity;
mod ci;
mod cli;
mod daemon;
mod destinations;
mod doctor;
mod doctor_home;
mod doctor_guard;
mod doctor_stores;
mod doctor_tables;
mod doctor_volumes;
mod doctor_machine;
mod doctor_network;
mod doctor_outputs;
mod doctor_cases;
mod doctor_copies;
mod doctor_life;
mod doctor_damage;
mod doctor_engine;
mod doctor_harm;
mod doctor_first_look;
mod documents;
mod doubles;
mod drill;
mod dump;
mod evidence;
mod faults;
mod gateway_endpoints;
mod gateway_verbs;
mod gateways;
mod foreign;
mod harness;
mod hostile;
mod layers;
mod increments;
mod lifecycle;
mod many_sessions;
mod messages_crash;
mod notice;
mod notifiers;
mod objects;
mod pages;
mod plugin;
mod plugin_faults;
mod postgres;
mod procedures;
mod progress;
mod prune;
mod ratchet;
mod remote;
mod rehearse;
mod reset;
mod restore;
mod routes;
mod runbook;
mod runbook_connector;
mod runbook_jarvis;
mod runbook_native;
mod runbook_openwa;
mod runbook_stage;
mod runbooks;
mod schedule;
mod schemas;
mod seal;
mod send;
mod sets;
mod shelf;
mod signatures;
mod simulated;
mod spellings;
mod simulator;
mod store;
mod stores;
mod support_bundle;
mod terminal;
