//! Writing an archive and reading it back. Start with [`Making::write`].

use std::path::Path;

use super::increment::Increment;
use super::part::Part;
use super::{Request, are_as_they_were, plain};
use crate::archive::destination::{Draft, Stamp};
use crate::archive::manifest::{DELTA, Database, INDEX_SCHEMA, Index, IndexMember, MANIFEST, Manifest, Member, Missing, WPP_DB};
use crate::archive::open;
use crate::archive::output::Output;
use crate::archive::pack::{Packed, Unwritten, Writer};
use crate::archive::shelf;
use crate::archive::verify::Level;
use crate::disk::{self, Lock};
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Meter, Steps};

/// An archive that is being made. Dropped before it is published, it leaves nothing.
pub(super) struct Making<'a> {
    pub request: &'a Request<'a>,
    pub name: String,
    /// Its path or address.
    pub place: String,
    /// Reserves the name, then takes the bytes.
    pub draft: Draft,
    pub manifest: Manifest,
    pub parts: Vec<Part>,
    pub increment: Increment,
}

/// What became of it, and how far it was verified.
pub(super) struct Made {
    pub size_bytes: u64,
    pub sha256: String,
    /// Of what was read back.
    pub stamp: Stamp,
    pub level: Option<Level>,
    pub level_reason: Option<String>,
}

enum Packing {
    Done(Packed),
    Unreadable(&'static str, Error),
}

impl Making<'_> {
    /// Writes the archive, lets go of the session, and reads the archive back. `None` when another
    /// program changed a database that was read without locks: nothing of the archive is left.
    pub fn write(&mut self, session_lock: Option<Lock>, steps: &mut Steps<'_>) -> Result<Option<Made>> {
        let Some(packed) = self.pack_all(steps)? else { return Ok(None) };
        // The databases were read in full; nobody has to wait for what follows.
        for part in &mut self.parts {
            part.snapshot = None;
        }
        drop(session_lock);
        self.read_back(packed, steps).map(Some)
    }

    /// Writes all that can be read.
    fn pack_all(&mut self, steps: &mut Steps<'_>) -> Result<Option<Packed>> {
        let watch = steps.begin("write the archive");
        let content_bytes: u64 = self.parts.iter().map(|part| part.size_bytes).sum();
        if let Some(folder) = self.request.destination.folder() {
            disk::require_space(folder, content_bytes)?;
        }
        let packed = loop {
            let (output, tally) = match self.request.recipients {
                None => (self.draft.output(), None),
                Some(recipients) => recipients.output(self.draft.output()).map(|(output, tally)| (output, Some(tally)))?,
            };
            let packing = self.pack(output)?;
            if !are_as_they_were(&self.parts)? {
                self.draft.discard()?;
                self.increment.drop_map();
                steps.end(watch, "write the archive", "files that nobody changes", "another program came: anew".into(), true);
                return Ok(None);
            }
            match packing {
                Packing::Done(packed) => {
                    // Of the file, which is what people hash; the writer knows what went into it.
                    break match tally.as_ref().and_then(|tally| tally.get()) {
                        Some((size_bytes, sha256)) => Packed { size_bytes: *size_bytes, sha256: sha256.clone() },
                        None => packed,
                    };
                }
                // Every page was read a moment ago: the disk is failing.
                Packing::Unreadable(DELTA, error) => {
                    return Err(error.hint("`wpp backup` makes a full archive of what can be read"));
                }
                Packing::Unreadable(name, error) => self.leave_out(name, error, content_bytes)?,
            }
        };
        let text = format!("{} bytes of {content_bytes}, SHA-256 {}", packed.size_bytes, packed.sha256);
        steps.end(watch, "write the archive", "all contents, forced to the disk", text, true);
        Ok(Some(packed))
    }

    /// A page that cannot be read costs its own database and not the other one.
    fn leave_out(&mut self, name: &'static str, error: Error, about_bytes: u64) -> Result<()> {
        self.draft.discard()?;
        self.parts.retain(|part| part.name != name);
        if name == WPP_DB {
            self.increment.drop_map();
        }
        self.manifest.missing.push(Missing { name: name.into(), reason: plain(&error.chain()) });
        if !self.parts.iter().any(|part| part.snapshot.is_some()) {
            return Err(error);
        }
        self.draft = self.request.destination.create(&self.name, about_bytes)?;
        Ok(())
    }

    /// Writes every part once.
    fn pack(&mut self, output: Box<dyn Output>) -> Result<Packing> {
        let Making { request, place, manifest, parts, increment, .. } = self;
        let mut members = vec![IndexMember { name: MANIFEST.into(), size_bytes: None }];
        members.extend(parts.iter().map(|part| IndexMember { name: part.name.into(), size_bytes: Some(part.size_bytes) }));
        let index = Index {
            schema: INDEX_SCHEMA.into(),
            format: manifest.format,
            id: manifest.id.clone(),
            session: manifest.session.clone(),
            created_ms: manifest.created_ms,
            members,
        };
        manifest.members.clear();
        let mut writer = Writer::over(output, place, &index, request.codec, request.effort)?;
        let mut meter = Meter::new(request.sink, "archiving".into(), parts.iter().map(|part| part.size_bytes).sum());
        for part in parts.iter_mut() {
            let mapped = part.name == WPP_DB;
            if let (true, Some(snapshot)) = (mapped, &part.snapshot) {
                increment.begin_full(snapshot.page_size_bytes());
            }
            let written = writer.member(part.name, part.size_bytes, |content| {
                part.stream(&request.scratch(), &mut |bytes| {
                    meter.add(bytes.len() as u64);
                    if mapped {
                        increment.take(bytes);
                    }
                    content.write(bytes)
                })
            });
            let written = written.and_then(|written| part.finish_look().map(|()| written).map_err(Unwritten::Source));
            match written {
                Ok(written) => manifest.members.push(Member {
                    name: part.name.into(),
                    size_bytes: part.size_bytes,
                    sha256: written.sha256,
                    offset_bytes: written.offset_bytes,
                    blocks_bytes: written.blocks_bytes,
                    database: part.facts.clone().map(|facts| Database {
                        pages_blake3: if mapped || part.changes.is_some() { increment.root() } else { None },
                        ..facts
                    }),
                }),
                Err(Unwritten::Source(error))
                    if part.snapshot.is_some() && error.kind() != ErrorKind::Locked && is_of_source(&error) =>
                {
                    return Ok(Packing::Unreadable(part.name, error));
                }
                Err(error) => return Err(error.into()),
            }
        }
        manifest.signal = parts.iter().find_map(|part| part.signal.clone());
        if let Some(signal) = &mut manifest.signal {
            signal.logged_out_ms = parts.iter().find(|part| part.stands_for() == WPP_DB).and_then(Part::logged_out_ms);
        }
        let packed = writer.finish(manifest)?;
        Ok(Packing::Done(packed))
    }

    /// Reads the archive back from where it lies and verifies it as far as it can be.
    fn read_back(&self, packed: Packed, steps: &mut Steps<'_>) -> Result<Made> {
        let Making { request, draft, place, manifest, .. } = self;
        let watch = steps.begin("read the archive back");
        let damaged: Vec<String> = manifest.damaged().map(|(member, said)| format!("{}: {said}", member.name)).collect();
        // What quick_check said, it said in the transaction that these very bytes came from. Of an
        // increment it said it of the whole database; that the chain leads there, nobody has seen yet.
        let (level, mut level_reason) = match (&manifest.chain, damaged.is_empty()) {
            (Some(_), _) => (Level::Hash, Some("`wpp backup verify` looks at an increment's whole chain".into())),
            (None, true) => (Level::Quick, None),
            (None, false) => (Level::Hash, Some(format!("damaged already in the session: {}", damaged.join("; ")))),
        };
        let (bytes, object) = draft.open()?;
        let (bytes, hashing) = if request.recipients.is_some() {
            let (bytes, hashing) = shelf::Hashing::over(bytes);
            (bytes, Some(hashing))
        } else {
            (bytes, None)
        };
        let opened = match shelf::input(place, bytes, object.size_bytes, request.identities) {
            Ok(mut input) => Some(open::read(&mut input, None, request.sink)?),
            // A host that only has recipients writes what it cannot read.
            Err(error) if error.kind() == ErrorKind::Denied && request.recipients.is_some() => None,
            Err(error) => return Err(error),
        };
        let of_file = hashing.as_ref().map(|hashing| hashing.finish(object.size_bytes));
        let sha256 = match (&opened, of_file) {
            (Some(opened), None) => opened.sha256.clone(),
            (_, Some(Some(sha256))) => sha256,
            // Not all of the file was read in its order, or none of it could be understood.
            _ => {
                let (bytes, _) = draft.open()?;
                disk::sha256(bytes).map_err(|error| disk::cannot("read back", Path::new(place), error))?.0
            }
        };
        if sha256 != packed.sha256 || opened.as_ref().is_some_and(|opened| opened.manifest != *manifest) {
            return Err(Error::new(
                ErrorKind::Archive,
                format!("{place} reads back as another archive than was written; it was not kept"),
            )
            .hint("check the disk or the store; run the backup again, or with --output somewhere else"));
        }
        if opened.is_none() {
            level_reason = Some("no key here".into());
            steps.end(
                watch,
                "read the archive back",
                "what was written",
                "written and read back; not verified: no key here".into(),
                true,
            );
            return Ok(Made { size_bytes: packed.size_bytes, sha256, stamp: object.stamp, level: None, level_reason });
        }
        let text = match &level_reason {
            None => format!("verified at level {}", level.name()),
            Some(reason) => format!("verified at level {} and no further: {reason}", level.name()),
        };
        let expected = if manifest.chain.is_some() { Level::Hash } else { Level::Quick };
        steps.end(watch, "read the archive back", &format!("verified at level {}", expected.name()), text, level == expected);
        Ok(Made { size_bytes: packed.size_bytes, sha256, stamp: object.stamp, level: Some(level), level_reason })
    }
}

/// Whether it was SQLite that failed, and not the file of a temporary copy.
fn is_of_source(error: &Error) -> bool {
    std::error::Error::source(error).is_none_or(|source| source.downcast_ref::<std::io::Error>().is_none())
}
