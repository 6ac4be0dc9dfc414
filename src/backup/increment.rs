//! How a backup becomes an increment, or says why it is a full one, and what it leaves behind for
//! the next: the page map.
//!
//! A map is kept where increments are made: when this backup was asked to be one, or an earlier one
//! at this destination was. It is also kept of an encrypted archive, because whoever lacks its key
//! cannot make it again from the archive. Whatever goes wrong with a map costs the next backup time and this one
//! nothing. Start with [`Increment::prepare`].

use std::path::PathBuf;

use super::Request;
use crate::archive::base::{self, Base, Wanted};
use crate::archive::delta::{Comparer, Delta};
use crate::archive::destination::Stamp;
use crate::archive::manifest::{Chain, Manifest};
use crate::archive::pages::{Cutter, MapWriter, Remembered};
use crate::archive::shelf::Shelf;
use crate::archive::snapshot::Snapshot;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};

/// What a backup knows about increments.
pub(super) struct Increment {
    session: String,
    destination: String,
    place: PathBuf,
    asked: bool,
    /// Whether the archive can be read only with a key.
    sealed: bool,
    base: Option<Base>,
    /// Archives that this one builds on.
    builds_on: Vec<Remembered>,
    map: Option<MapWriter>,
    cutter: Option<Cutter>,
    /// Why it is not an increment although it was asked to be.
    pub full_reason: Option<String>,
    /// Why the next increment will find no map of this archive.
    pub map_reason: Option<String>,
    /// What had to be done before, for the report.
    pub note: Option<String>,
}

/// What changed since another archive.
pub(super) struct Changes {
    /// What is written in the place of the database.
    pub delta: Delta,
    /// What the manifest says of the other archive.
    pub chain: Chain,
}

impl Increment {
    /// Finds what this backup could build on. Called before the snapshot, so that no transaction is
    /// open meanwhile; the lock that keeps backups of the session apart is held.
    pub fn prepare(request: &Request<'_>, journal: &str) -> Increment {
        let destination = base::destination(request.home.root(), &request.destination);
        let session = request.session.name().to_owned();
        let place = request.home.page_map(&session, &destination);
        let mut increment = Increment {
            session,
            destination,
            place,
            asked: request.increments_max.is_some(),
            sealed: request.recipients.is_some(),
            base: None,
            builds_on: Vec::new(),
            map: None,
            cutter: None,
            full_reason: None,
            map_reason: None,
            note: None,
        };
        let Some(chain_max) = request.increments_max else { return increment };
        let found = base::find(&Wanted {
            session: &increment.session,
            home_kind: request.home.kind(),
            journal,
            destination: &increment.destination,
            stamp: &|name| Ok(request.destination.look(name)?.map(|object| object.stamp)),
            neighbours: &Shelf { destination: request.destination.clone(), identities: request.identities.clone() },
            map: &increment.place,
            chain_max,
            sink: request.sink,
        });
        match found {
            Ok(base) => {
                increment.note = base.made_again.as_ref().map(|why| format!("{why}: it was made again from the archives"));
                increment.base = Some(base);
            }
            Err(why) => increment.full_reason = Some(why),
        }
        increment
    }

    /// What was compared or streamed does not become part of the archive.
    pub fn drop_map(&mut self) {
        if let Some(map) = self.map.take() {
            // What stays is removed when the next map is begun.
            let _ = std::fs::remove_file(map.path());
        }
        self.cutter = None;
    }

    /// There is no database to compare, for this reason.
    pub fn give_up(&mut self, why: String) {
        if self.base.take().is_some() {
            self.full_reason = Some(why);
        }
    }

    /// The first pass: what changed; `None` if a full archive has to be made, and then
    /// [`Increment::full_reason`] says why.
    pub fn compare(&mut self, snapshot: &Snapshot) -> Option<Changes> {
        let base = self.base.take()?;
        match self.changes(base, snapshot) {
            Ok(changes) => Some(changes),
            Err(why) => {
                self.full_reason = Some(why);
                None
            }
        }
    }

    fn changes(&mut self, base: Base, snapshot: &Snapshot) -> Result<Changes, String> {
        let (before, now) = (base.map.page_size_bytes(), snapshot.page_size_bytes());
        if before != now {
            return Err(format!("the database has pages of {now} bytes now and had pages of {before}"));
        }
        if !snapshot.has_pages() {
            return Err("this build of SQLite cannot read single pages".into());
        }
        let said = |error: Error| error.chain();
        let chain = base.chain().ok_or("the page map names no archive")?;
        let builds_on = base.map.description().chain.clone();
        let map = base::begin(&self.place).and_then(|partial| MapWriter::create(&partial, now, Some(base.map.key())));
        let map = map.map_err(said)?;
        let pages = snapshot.size_bytes() / now;
        let mut comparer = Comparer::new(base.map, map, pages);
        let mut too_much = false;
        let limit = snapshot.size_bytes() / 2;
        let compared = snapshot.stream_pages(&mut |bytes| {
            comparer.take(bytes)?;
            too_much = comparer.size_bytes() > limit;
            if too_much { Err(Error::new(ErrorKind::Unexpected, "too much has changed")) } else { Ok(()) }
        });
        if too_much {
            return Err("more than half of the database has changed".into());
        }
        let (delta, map) = compared.and_then(|()| comparer.finish()).map_err(said)?;
        (self.map, self.builds_on) = (Some(map), builds_on);
        let chain = Chain { changed_pages: delta.head().changed, ..chain };
        Ok(Changes { delta, chain })
    }

    /// A full archive's database is about to be streamed: its map is made on the way, if one is kept.
    pub fn begin_full(&mut self, page_size_bytes: u64) {
        (self.map, self.cutter, self.map_reason) = (None, None, None);
        self.builds_on.clear();
        if !self.asked && !self.sealed && !self.place.exists() {
            return;
        }
        match base::begin(&self.place).and_then(|partial| MapWriter::create(&partial, page_size_bytes, None)) {
            Ok(map) => (self.map, self.cutter) = (Some(map), Some(Cutter::new(page_size_bytes))),
            Err(error) => self.map_reason = Some(error.chain()),
        }
    }

    /// Takes what is streamed.
    pub fn take(&mut self, bytes: &[u8]) {
        let (Some(map), Some(cutter)) = (&mut self.map, &mut self.cutter) else { return };
        if let Err(error) = cutter.take(bytes, &mut |page| map.push_page(page)) {
            (self.map, self.map_reason) = (None, Some(error.chain()));
        }
    }

    /// The root over the page hashes of what was compared or streamed, in hex.
    pub fn root(&self) -> Option<String> {
        self.map.as_ref().map(|map| hex::encode(map.root()))
    }

    /// The archive has its name. If it is whole, the next increment may build on it; otherwise none
    /// builds on anything there, so that the next backup looks at the whole database again.
    pub fn finish(&mut self, manifest: &Manifest, name: &str, stamp: Stamp) {
        let kept = if manifest.is_whole() {
            let Some(map) = self.map.take() else { return };
            let mut chain = std::mem::take(&mut self.builds_on);
            chain.push(Remembered {
                id: manifest.id.clone(),
                name: name.to_owned(),
                size_bytes: stamp.size_bytes,
                stamp: Some(stamp),
            });
            base::finish(map, &self.session, &self.destination, chain, &self.place)
        } else {
            self.drop_map();
            if self.place.exists() { disk::remove_file(&self.place) } else { Ok(()) }
        };
        if let Err(error) = kept {
            self.map_reason = Some(error.chain());
        }
    }
}

impl Drop for Increment {
    fn drop(&mut self) {
        // Of a backup that failed, or is not whole.
        self.drop_map();
    }
}
