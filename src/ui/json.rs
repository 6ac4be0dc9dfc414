//! Reports, events and errors as JSON. The shapes are those of `report`; `data` is each schema's own.

use std::io::Write;

use serde_json::{Value, json};

use crate::error::Error;
use crate::report::{Event, Report, Sink};

/// Writes every event as one line on stdout.
#[derive(Debug, Clone, Copy)]
pub struct Events;

impl Sink for Events {
    fn emit(&self, event: Event) {
        // What has no data is a line for another program, and no part of the documents on stdout.
        if let Event::Output { text, data: Value::Null } = &event {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
            return;
        }
        let Ok(text) = serde_json::to_string(&event) else { return };
        if matches!(event, Event::Output { .. }) {
            super::output(&mut std::io::stdout().lock(), &text);
        } else {
            // A reader that went away is found when the result is written.
            let _ = writeln!(std::io::stdout().lock(), "{text}");
        }
    }
}

/// Writes a report as one document on one line.
pub fn report(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, report)?;
    writeln!(out)
}

/// Writes an error as a document of the schema `wpp.error/1`.
pub fn error(out: &mut impl Write, error: &Error, hints: &[String]) -> std::io::Result<()> {
    let mut document = json!({
        "schema": "wpp.error/1",
        "code": error.kind().code(),
        "exit_code": error.kind().exit_code(),
        "message": error.chain(),
        "hints": hints,
    });
    if let Some(class) = error.class() {
        document["class"] = json!(class);
    }
    if let Some(id) = error.client_message_id() {
        document["client_message_id"] = json!(id);
    }
    if !error.notes().is_empty() {
        document["notes"] = json!(error.notes());
    }
    writeln!(out, "{document}")
}
