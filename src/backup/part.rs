//! One content of a session on its way into an archive: a database in its read transaction, the pages
//! of it that changed, or the settings. Start with [`Part::database`].

use std::path::Path;

use super::increment::{Changes, Increment};
use super::{Request, plain};
use crate::archive::manifest::{CONFIG, CONFIG_SIZE_MAX, DELTA, Database, SESSION_DB, Signal, WPP_DB};
use crate::archive::snapshot::{Facts, Looking, Quiet, Snapshot, table_exists};
use crate::disk;
use crate::error::{ErrorKind, Result};
use crate::session::messages;

/// One content.
#[derive(Default)]
pub(super) struct Part {
    /// What the tar entry is called.
    pub name: &'static str,
    pub size_bytes: u64,
    pub snapshot: Option<Snapshot>,
    /// What is written in the place of the whole database.
    pub changes: Option<Changes>,
    text: Vec<u8>,
    pub facts: Option<Database>,
    pub signal: Option<Signal>,
    /// Gathers facts and signal while the database is read out.
    looking: Option<Looking>,
    /// Why it is none of a session's databases, whole as it may be.
    foreign: Option<String>,
    /// Why nothing can be said about it, and it has to be left out.
    pub failed: Option<String>,
}

impl Part {
    /// Opens the database's read transaction, and nothing more: the next one is opened right after.
    pub fn database(name: &'static str, path: &Path, quiet: Quiet, request: &Request<'_>) -> Result<Part, String> {
        match Snapshot::take(path, quiet, &request.scratch(), request.patience) {
            Ok(None) => Err("there is no such file".into()),
            // Whoever holds a lock can be asked to let go; the hint says how.
            Err(error) if error.kind() == ErrorKind::Locked => Err(format!("{} ({})", error.chain(), error.hints().join("; "))),
            Err(error) => Err(error.chain()),
            Ok(Some(snapshot)) => {
                Ok(Part { name, size_bytes: snapshot.size_bytes(), snapshot: Some(snapshot), ..Part::default() })
            }
        }
    }

    /// The settings, if there are any.
    pub fn config(path: &Path) -> Result<Option<Part>, String> {
        let text = match disk::read_small(path, CONFIG_SIZE_MAX) {
            Ok(text) => text,
            // No settings is the usual case and nothing to complain about.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk::cannot("read", path, error).chain()),
        };
        Ok(Some(Part { name: CONFIG, size_bytes: text.len() as u64, text, ..Part::default() }))
    }

    /// The file that it is a part of: what is missing when it has to be left out.
    pub fn stands_for(&self) -> &'static str {
        if self.name == DELTA { WPP_DB } else { self.name }
    }

    /// Sees whether it is what a daemon keeps under this name, and not an emptied or a foreign
    /// database. `linked` says whether the session was ever linked to a phone.
    pub fn recognise(&mut self, linked: bool) {
        let Some(snapshot) = &self.snapshot else { return };
        let look = if self.stands_for() == WPP_DB { messages::not_ours } else { not_a_store };
        // Where even that cannot be read, the check of the whole database says why.
        self.foreign = match snapshot.ask(look) {
            Ok(None) if linked && self.name == SESSION_DB && snapshot.ask(has_no_identity).is_ok_and(|none| none) => {
                Some("it holds no identity, although the session was linked to a phone".into())
            }
            Ok(said) => said,
            Err(error) => Some(error.chain()),
        };
    }

    /// Whether it holds messages of an account.
    pub fn has_account(&self) -> bool {
        let asked = self.snapshot.as_ref().map(|snapshot| snapshot.ask(|connection| Ok(messages::account_of(connection))));
        matches!(asked, Some(Ok(Some(_))))
    }

    /// When the phone logged the session out, as wpp.db knows it.
    pub fn logged_out_ms(&self) -> Option<i64> {
        self.snapshot.as_ref()?.ask(|connection| Ok(messages::logged_out_in(connection))).ok().flatten()
    }

    /// Makes an increment of it, if that can be done.
    pub fn compare(&mut self, increment: &mut Increment) {
        let Some(snapshot) = &self.snapshot else { return };
        if let Some(changes) = increment.compare(snapshot) {
            self.name = DELTA;
            self.size_bytes = changes.delta.size_bytes();
            self.changes = Some(changes);
        }
    }

    /// Begins to read the facts, in a second transaction of the same state, if there is one: the whole
    /// database is checked while it is compared or read out.
    pub fn look_beside(&mut self) {
        self.looking = self.snapshot.as_mut().and_then(Snapshot::look_beside);
    }

    /// Reads the facts, if nobody does so yet.
    pub fn look(&mut self) {
        let Some(snapshot) = &self.snapshot else { return };
        if self.looking.is_some() {
            return;
        }
        let found = snapshot.database().map(|facts| (facts, snapshot.signal()));
        if let Err(error) = self.keep(found) {
            self.failed = Some(error.chain());
        }
    }

    /// Waits for the facts, if they are still being read.
    pub fn finish_look(&mut self) -> Result<()> {
        self.looking.take().map_or(Ok(()), |looking| self.keep(looking.finish()))
    }

    fn keep(&mut self, found: Result<Facts>) -> Result<()> {
        let (facts, signal) = found?;
        let quick_check = match self.foreign.take() {
            Some(what) if facts.quick_check == "ok" => what,
            _ => facts.quick_check.clone(),
        };
        self.facts = Some(Database {
            quick_check: plain(&quick_check),
            last_migration: plain(&facts.last_migration),
            tables: facts.tables.iter().map(|(name, rows)| (plain(name), *rows)).collect(),
            ..facts
        });
        // A store that cannot tell its identity is taken all the same; custody then has less to go by.
        self.signal = signal.unwrap_or_default();
        Ok(())
    }

    /// Hands over its bytes.
    pub fn stream(&self, scratch: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match (&self.snapshot, &self.changes) {
            (Some(snapshot), Some(changes)) => changes.delta.write(&mut |run, take| snapshot.pages_of(run, take), take),
            (Some(snapshot), None) => snapshot.stream(scratch, take),
            (None, _) => take(&self.text),
        }
    }
}

/// Why a database is none that the client library keeps keys in.
fn not_a_store(connection: &rusqlite::Connection) -> rusqlite::Result<Option<String>> {
    if table_exists(connection, "device")? {
        return Ok(None);
    }
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(Some(match tables {
        0 => "it is an empty SQLite database, and no session.db".into(),
        _ => "it is a SQLite database without a table device, and no session.db".into(),
    }))
}

fn has_no_identity(connection: &rusqlite::Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM device", [], |row| row.get(0))
}
