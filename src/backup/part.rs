//! One content of a session on its way into an archive: a database in its read transaction, the pages
//! of it that changed, or the settings. Start with [`Part::database`].

use std::path::Path;

use super::increment::{Changes, Increment};
use super::{Request, plain};
use crate::archive::manifest::{CONFIG, CONFIG_SIZE_MAX, DELTA, Database, Signal, WPP_DB};
use crate::archive::snapshot::{Facts, Looking, Quiet, Snapshot};
use crate::disk;
use crate::error::{ErrorKind, Result};

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

    /// Makes an increment of it, if that can be done.
    pub fn compare(&mut self, increment: &mut Increment) {
        let Some(snapshot) = &self.snapshot else { return };
        if let Some(changes) = increment.compare(snapshot) {
            self.name = DELTA;
            self.size_bytes = changes.delta.size_bytes();
            self.changes = Some(changes);
        }
    }

    /// Reads the facts, in the transaction that was opened before, or begins to.
    pub fn look(&mut self) {
        let Some(snapshot) = &mut self.snapshot else { return };
        // To check the whole database would cost more than to copy what changed in it.
        let check = self.changes.is_none();
        if check && let Some(looking) = snapshot.look_beside() {
            self.looking = Some(looking);
            return;
        }
        let found = snapshot.database(check).map(|facts| (facts, snapshot.signal()));
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
        self.facts = Some(Database {
            quick_check: plain(&facts.quick_check),
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
