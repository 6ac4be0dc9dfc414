//! What a home's journal says of a session's archives: which ones this home wrote, and what checks
//! of them found since. Start with [`History::read`].
//!
//! It speaks of files, never of ids alone: [`super::verified`] says when a check is one of a file.

use super::manifest::Manifest;
use super::retention::{self, Known};
use super::shelf::Stamp;
use super::verified::{self, Check, Checks};
use super::verify::Level;
use super::written::Written;
use crate::clock::{self, Timestamp};
use crate::error::Result;
use crate::journal::{Entry, Journal};

/// What a journal says of the archives of one session, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Checks of any archive of the session.
    pub checks: Checks,
    /// Archives that this home wrote.
    pub written: Vec<Written>,
}

/// What is known of the checks of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The highest level at which it is verified, and when that was, in milliseconds since the epoch.
    pub verified: Option<(Level, i64)>,
    /// The newest failure that stands.
    pub failed: Option<&'a Check>,
}

impl History {
    /// Reads it, in one pass over the session's entries.
    pub fn read(journal: &Journal, session: &str) -> Result<History> {
        Ok(History::of(&journal.after(session, 0)?))
    }

    /// What a session's entries say.
    pub fn of(entries: &[Entry]) -> History {
        let checks = Checks(entries.iter().filter_map(verified::check).collect());
        History { checks, written: entries.iter().filter_map(Written::of).collect() }
    }

    /// What this home wrote, if it wrote this very file.
    pub fn written(&self, name: &str, stamp: &Stamp) -> Option<&Written> {
        self.written.iter().rfind(|written| written.name == name && written.stamp.is(stamp))
    }

    /// The id of the archive in a file that cannot be read here, if this home wrote that very file,
    /// or has read it once.
    pub fn id(&self, name: &str, stamp: &Stamp) -> Option<&str> {
        let written = self.written(name, stamp).map(|written| written.archive_id.as_str());
        written.or_else(|| self.checks.id(name, stamp))
    }

    /// What the checks of a file say.
    pub fn standing(&self, archive_id: &str, name: &str, stamp: &Stamp) -> Standing<'_> {
        Standing { verified: self.checks.best(archive_id, name, stamp), failed: self.checks.failure(archive_id, name, stamp) }
    }

    /// Why no check counts for a file, in words for a list.
    pub fn unchecked(&self, archive_id: Option<&str>, name: &str) -> &'static str {
        let ids = self.written.iter().map(|written| (&written.archive_id, &written.name));
        let known: Vec<_> = ids.chain(self.checks.0.iter().map(|check| (&check.archive_id, &check.name))).collect();
        match known.iter().any(|(_, of)| *of == name) {
            true => "never; changed since it was",
            false if known.iter().any(|(id, _)| Some(id.as_str()) == archive_id) => "never; a copy of one that was",
            false => "never by this home",
        }
    }

    /// SHA-256 of a file as this home wrote it, or as a check that passed read it.
    pub fn sha256(&self, archive_id: &str, name: &str, stamp: &Stamp) -> Option<&str> {
        let written = || self.written.iter().rfind(|written| written.archive_id == archive_id && written.stamp.is(stamp));
        self.checks.sha256(archive_id, name, stamp).or_else(|| written()?.sha256.as_deref())
    }

    /// What is known of an archive that can be read.
    pub fn known(&self, manifest: &Manifest, name: &str, stamp: &Stamp) -> Known {
        Known {
            id: manifest.id.clone(),
            session: manifest.session.clone(),
            home: manifest.custody.journal.clone(),
            created: clock::from_ms(manifest.created_ms),
            whole: manifest.is_whole(),
            parent: manifest.chain.as_ref().map(|chain| chain.parent_id.clone()),
            checked: self.checked(&manifest.id, name, stamp),
            failed: self.failed(&manifest.id, name, stamp),
        }
    }

    /// What is known of an archive that cannot be read here **because it is sealed**, if this home
    /// wrote that very file. `home` is the journal's id. One that cannot be read for another reason
    /// is not what was written, whatever its stamp says: bytes that rot change none of it.
    pub fn remembered(&self, name: &str, stamp: &Stamp, home: &str) -> Option<Known> {
        let made = self.written(name, stamp)?;
        Some(Known {
            id: made.archive_id.clone(),
            session: made.session.clone(),
            home: home.to_owned(),
            created: clock::from_ms(made.created_ms),
            whole: made.whole,
            parent: made.parent_id.clone(),
            checked: self.checked(&made.archive_id, name, stamp),
            failed: self.failed(&made.archive_id, name, stamp),
        })
    }

    fn checked(&self, id: &str, name: &str, stamp: &Stamp) -> Option<(retention::Check, Timestamp)> {
        let verified = self.checks.best(id, name, stamp);
        let verified = verified.map(|(level, at_ms)| (retention::Check::Verified(level), clock::from_ms(at_ms)));
        verified.or_else(|| {
            let made = self.written.iter().rfind(|written| written.archive_id == id && written.stamp.is(stamp))?;
            Some((retention::Check::ReadBack, clock::from_ms(made.at_ms)))
        })
    }

    fn failed(&self, id: &str, name: &str, stamp: &Stamp) -> Option<String> {
        let failure = self.checks.failure(id, name, stamp)?;
        Some(format!("level {}, {}", failure.level().name(), failure.why().unwrap_or_default()))
    }
}
