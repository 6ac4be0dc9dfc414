//! Drills: rehearsals whose every step says what must be seen and what was.
//!
//! A drill is a runbook of kind drill, and [`crate::runbook::run`] runs it. One with `sandbox: true`
//! runs in a [`sandbox::Sandbox`], thrown away when all went well. What breaks in there is a row of
//! [`fault::FAULTS`], and [`inject`] does it.

pub mod bounded;
pub mod fault;
pub mod inject;
pub mod sandbox;
