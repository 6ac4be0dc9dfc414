//! Archives at a destination: how they are named, listed, found and opened. Start with [`list`] and
//! [`find`].
//!
//! An archive's name holds its session and its time, and whether it is encrypted: what cannot be
//! read here for lack of a key is still known by that, and by what the journal of the home that made
//! it says.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::codec::Codec;
pub use super::destination::Stamp;
use super::destination::settings::Settings;
use super::destination::{Destination, Object, STORE_SCHEME, folder};
use super::history::History;
use super::input::{Bytes, Input, Neighbours};
use super::manifest::{Manifest, SUFFIXES};
use super::open::{self, Opened};
use super::seal::{self, Identities};
use super::verify::{self, Level};
use crate::clock::{self, Timestamp};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::report::Sink;

/// What stands for the newest archive of a session.
const LATEST: &str = "latest";
/// How far the clocks of two hosts are apart without anybody minding.
const AHEAD: std::time::Duration = std::time::Duration::from_secs(300);

/// One archive at a destination.
#[derive(Debug)]
pub struct Shelved {
    /// Its name.
    pub name: String,
    /// Its path or address.
    pub place: String,
    /// Its size, and which state of it was seen.
    pub object: Object,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// What it says about itself, unverified, or why it cannot be read; of kind
    /// [`ErrorKind::Denied`] when only a key is missing.
    pub manifest: Result<Manifest>,
}

impl Shelved {
    /// Whether nothing is known to be wrong with it but that there is no key for it here.
    pub fn is_locked(&self) -> bool {
        self.encrypted && self.manifest.as_ref().is_err_and(|error| error.kind() == ErrorKind::Denied)
    }

    /// The session that it is of, as it says itself or else by its name.
    pub fn session(&self) -> Option<&str> {
        match &self.manifest {
            Ok(manifest) => Some(&manifest.session),
            Err(_) => named(&self.name).map(|name| name.session),
        }
    }

    /// When it was made, milliseconds since the epoch, as it says itself or else by its name.
    pub fn created_ms(&self) -> Option<i64> {
        match &self.manifest {
            Ok(manifest) => Some(manifest.created_ms),
            Err(_) => named(&self.name).map(|name| name.time.as_millisecond()),
        }
    }

    /// When it was made, as the journal knows it of one that cannot be read for lack of a key.
    pub fn remembered_ms(&self, history: &History) -> Option<i64> {
        let written = history.written(&self.name, &self.object.stamp).filter(|_| self.is_locked());
        written.map(|written| written.created_ms)
    }

    /// Whether it is dated ahead of this clock, so far that no two clocks are apart.
    pub fn is_ahead(&self) -> bool {
        self.created_ms().is_some_and(|at_ms| clock::from_ms(at_ms) > clock_limit())
    }

    /// Its place among the others, the oldest first: by what it says itself, else by what is `known`
    /// of it (milliseconds since the epoch), else by its name.
    pub fn order(&self, known: Option<i64>) -> Order {
        let increment = is_increment(&self.name);
        let by_name = named(&self.name);
        let second = by_name.map(|name| name.time.as_millisecond());
        // A name tells no more than the second. An increment is put at its end, behind all that it
        // may build on.
        let guess = second.map(|second| if increment { second + 999 } else { second });
        Order {
            created_ms: self.manifest.as_ref().ok().map(|manifest| manifest.created_ms).or(known).or(guess).unwrap_or(i64::MAX),
            increment,
            number: by_name.map_or(0, |name| name.number),
            name: self.name.clone(),
        }
    }
}

/// What archives are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    created_ms: i64,
    increment: bool,
    number: u32,
    name: String,
}

/// What the name of an archive says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// The session.
    pub session: &'a str,
    /// The time, to the second.
    pub time: Timestamp,
    /// Tells apart those of one second.
    pub number: u32,
}

/// Takes `<session>-<UTC time>[-<number>].wpp…` apart; `None` for what was renamed.
pub fn named(name: &str) -> Option<Named<'_>> {
    let (stem, _) = name.split_once(".wpp")?;
    let is_time = |text: &str| text.len() == 16 && text.ends_with('Z');
    let (session, time, number) = match stem.rsplit_once('-')? {
        (session, time) if is_time(time) => (session, time, 1),
        (rest, number) => {
            let (session, time) = rest.rsplit_once('-').filter(|(_, time)| is_time(time))?;
            (session, time, number.parse().ok()?)
        }
    };
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    crate::home::is_session_name(session).then_some(Named { session, time, number })
}

/// Whether a name is one of an archive, encrypted or not.
pub fn is_archive(name: &str) -> bool {
    let plain = name.strip_suffix(seal::SUFFIX).unwrap_or(name);
    SUFFIXES.iter().any(|suffix| plain.ends_with(suffix)) && !name.starts_with('.')
}

/// The ending of a set: the parts of a gateway's state in one file.
pub const SET_SUFFIX: &str = ".wppset.tar.gz";

/// Whether a name is one of a set of a gateway's parts, encrypted or not.
pub fn is_set(name: &str) -> bool {
    name.strip_suffix(seal::SUFFIX).unwrap_or(name).ends_with(SET_SUFFIX) && !name.starts_with('.')
}

/// What [`Destination::clear`] is to be asked with for sets of a gateway: no session has such a name.
pub fn owner_of_sets(channel: &str) -> String {
    format!("{SET_OWNER}{channel}")
}

/// See [`owner_of_sets`].
pub const SET_OWNER: &str = "set:";

/// Whether a name is one of an increment, encrypted or not.
pub fn is_increment(name: &str) -> bool {
    name.contains(".wpp-incr.")
}

/// Archives at a destination, oldest first. Of each only the ends are read.
pub fn list(destination: &Destination, identities: &Identities) -> Result<Vec<Shelved>> {
    let mut found = Vec::new();
    for object in destination.list()?.into_iter().filter(|object| is_archive(&object.name)) {
        found.push(shelve(destination, object, identities));
    }
    found.sort_by_cached_key(|shelved| shelved.order(None));
    Ok(found)
}

fn shelve(destination: &Destination, object: Object, identities: &Identities) -> Shelved {
    let place = destination.place(&object.name);
    let opened = destination.open_listed(&object);
    let manifest = opened.and_then(|bytes| open::manifest(&mut input(&place, bytes, object.size_bytes, identities)?));
    Shelved { name: object.name.clone(), encrypted: object.name.ends_with(seal::SUFFIX), place, object, manifest }
}

/// All archives of a destination, as one of them sees the others.
#[derive(Debug)]
pub struct Shelf {
    /// The place.
    pub destination: Arc<Destination>,
    /// What encrypted archives are read with.
    pub identities: Identities,
}

impl Neighbours for Shelf {
    fn place(&self) -> String {
        self.destination.to_string()
    }

    fn list(&self) -> Result<Vec<(String, u64)>> {
        let objects = self.destination.list()?.into_iter().filter(|object| is_archive(&object.name));
        Ok(objects.map(|object| (object.name, object.size_bytes)).collect())
    }

    fn open(&self, name: &str) -> Result<Option<Input>> {
        match self.destination.look(name)? {
            None => Ok(None),
            Some(_) => Located::new(self.destination.clone(), name).open(&self.identities).map(Some),
        }
    }
}

/// An archive that an operator means.
#[derive(Debug, Clone)]
pub struct Located {
    destination: Arc<Destination>,
    name: String,
}

impl Located {
    /// An archive of a destination.
    pub fn new(destination: Arc<Destination>, name: &str) -> Located {
        Located { destination, name: name.to_owned() }
    }

    /// A file, wherever it lies. A link stands for the file that it leads to, and what that one
    /// builds on lies beside it.
    pub fn file(path: &Path) -> Result<Located> {
        let found = if path.is_symlink() { path.canonicalize() } else { std::path::absolute(path) };
        let path = found.map_err(|error| disk::cannot("find", path, error))?;
        match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
            (Some(folder), Some(name)) => Ok(Located::new(Arc::new(Destination::Folder(folder.to_owned())), name)),
            _ => {
                Err(Error::new(ErrorKind::Usage, format!("{} is no archive", path.display()))
                    .hint("name a file, whose name is text"))
            }
        }
    }

    /// Its path or address.
    pub fn place(&self) -> String {
        self.destination.place(&self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is kept.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Its path, if it is a file.
    pub fn path(&self) -> Option<PathBuf> {
        self.destination.folder().map(|folder| folder.join(&self.name))
    }

    /// Which state of it is there now.
    pub fn stamp(&self) -> Result<Stamp> {
        let seen = match &*self.destination {
            Destination::Folder(folder) => folder::look(folder, &self.name),
            Destination::Store(_) => self.destination.look(&self.name),
        };
        match seen? {
            Some(object) => Ok(object.stamp),
            None => Err(open::refused(&self.place(), "it is not there any more, or it is not a file")),
        }
    }

    /// Opens it, decrypting what is encrypted.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] when none of the keys opens it.
    pub fn open(&self, identities: &Identities) -> Result<Input> {
        let (bytes, size) = self.raw()?;
        Ok(input(&self.place(), bytes, size, identities)?.among(self.neighbours(identities)))
    }

    fn neighbours(&self, identities: &Identities) -> Arc<Shelf> {
        Arc::new(Shelf { destination: self.destination.clone(), identities: identities.clone() })
    }

    /// Verifies it at a level by reading it.
    ///
    /// # Errors
    /// As [`Located::read`].
    pub fn verify(&self, identities: &Identities, level: Level, scratch: &Path, sink: &dyn Sink) -> Result<Opened> {
        self.read(identities, |input| verify::verify(input, level, scratch, sink))
    }

    /// Reads it with `read`, decrypting what is encrypted. Size and SHA-256 in the result are those
    /// of the file as it lies there, encrypted or not: what `sha256sum` prints.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] when none of the keys opens it; what `read` fails with.
    pub fn read(&self, identities: &Identities, read: impl FnOnce(&mut Input) -> Result<Opened>) -> Result<Opened> {
        let (mut bytes, size_bytes) = self.raw()?;
        let place = self.place();
        let cannot = |error| disk::cannot("read", Path::new(&place), error);
        if !seal::is_sealed(&mut bytes).map_err(cannot)? {
            return read(&mut Input::new(place.clone(), size_bytes, bytes).among(self.neighbours(identities)));
        }
        let (bytes, hashing) = Hashing::over(bytes);
        let opened = read(&mut input(&place, bytes, size_bytes, identities)?.among(self.neighbours(identities)))?;
        let sha256 = match hashing.finish(size_bytes) {
            Some(sha256) => sha256,
            None => disk::sha256(self.raw()?.0).map_err(cannot)?.0,
        };
        Ok(Opened { size_bytes, sha256, ..opened })
    }

    fn raw(&self) -> Result<(Box<dyn Bytes>, u64)> {
        let opened = match &*self.destination {
            // The path that an operator gives may end in any name, of a hidden file too.
            Destination::Folder(folder) => folder::open(folder, &self.name),
            Destination::Store(_) => self.destination.open(&self.name),
        };
        opened.map(|(bytes, object)| (bytes, object.size_bytes))
    }
}

/// Bytes as an input: decrypted if they are encrypted, whatever the name says.
pub fn input(place: &str, mut bytes: Box<dyn Bytes>, size_bytes: u64, identities: &Identities) -> Result<Input> {
    let sealed = seal::is_sealed(&mut bytes).map_err(|error| disk::cannot("read", Path::new(place), error))?;
    if !sealed {
        return Ok(Input::new(place.to_owned(), size_bytes, bytes));
    }
    let opened = identities.open(bytes, place)?;
    let size_bytes = opened.size_bytes();
    Ok(Input::new(place.to_owned(), size_bytes, Box::new(opened)))
}

/// The hash of bytes that somebody else reads in order. Whoever reads them out of order, as age
/// does with the end of a file, disturbs nothing; whoever leaves some out has no hash afterwards.
#[derive(Clone)]
pub struct Hashing(Arc<Mutex<(Sha256, u64)>>);

impl Hashing {
    /// Hashes what is read from these bytes.
    pub fn over(bytes: Box<dyn Bytes>) -> (Box<dyn Bytes>, Hashing) {
        let hashing = Hashing(Arc::new(Mutex::new((Sha256::new(), 0))));
        (Box::new(Hashed { bytes, position: 0, hashing: hashing.clone() }), hashing)
    }

    /// The hash, in hex, if all of `size_bytes` were read.
    pub fn finish(&self, size_bytes: u64) -> Option<String> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (guard.1 == size_bytes).then(|| hex::encode(guard.0.clone().finalize()))
    }
}

struct Hashed {
    bytes: Box<dyn Bytes>,
    position: u64,
    hashing: Hashing,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        let mut guard = self.hashing.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hasher, hashed) = &mut *guard;
        let end = self.position + count as u64;
        if (self.position..=end).contains(hashed) {
            // What is left of the buffer behind what was hashed before; within its length.
            let known = (*hashed - self.position) as usize;
            hasher.update(&buffer[known..count]);
            *hashed = end;
        }
        drop(guard);
        self.position = end;
        Ok(count)
    }
}

impl Seek for Hashed {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.position = self.bytes.seek(to)?;
        Ok(self.position)
    }
}

/// The archive that an operator means: a path, an address, the name of one at the destination, or
/// `latest` for the newest of the session, readable or encrypted; behind a folder or an address,
/// `latest` is the newest there. Only archives that have the names
/// that they were given are looked at for that one. `history` gives what the home's journal says of
/// the session's archives, and is asked when names do not tell which one is the newest.
pub fn find(
    destination: &Arc<Destination>,
    settings: &Settings,
    session: &str,
    text: &str,
    identities: &Identities,
    history: impl FnOnce() -> Result<History>,
) -> Result<Located> {
    if text.starts_with(STORE_SCHEME) {
        let (place, name) = text.rsplit_once('/').filter(|(place, _)| place.len() > STORE_SCHEME.len()).unwrap_or((text, ""));
        let there = Arc::new(Destination::parse(place, settings)?);
        return match there.look(name)? {
            Some(_) => Ok(Located::new(there, name)),
            None if name == LATEST => newest(&there, session, identities, history),
            None => Err(Error::new(ErrorKind::Usage, format!("there is no archive {text}"))
                .hint(format!("`wpp backup list {place}` shows the archives there"))),
        };
    }
    let given = PathBuf::from(text);
    if given.exists() {
        return Located::file(&given);
    }
    if text == LATEST {
        return newest(destination, session, identities, history);
    }
    if let (Some(folder), true) = (given.parent().filter(|folder| folder.is_dir()), given.ends_with(LATEST)) {
        let folder = std::path::absolute(folder).map_err(|error| disk::cannot("find", folder, error))?;
        return newest(&Arc::new(Destination::Folder(folder)), session, identities, history);
    }
    if given.components().count() == 1 && destination.look(text)?.is_some() {
        return Ok(Located::new(destination.clone(), text));
    }
    Err(Error::new(ErrorKind::Usage, format!("there is no archive {text} here or in {destination}"))
        .hint("`wpp backup list` shows the archives; `latest` stands for the newest one of the session"))
}

fn clock_limit() -> Timestamp {
    clock::now().checked_add(AHEAD).unwrap_or(Timestamp::MAX)
}

fn newest(
    destination: &Arc<Destination>,
    session: &str,
    identities: &Identities,
    history: impl FnOnce() -> Result<History>,
) -> Result<Located> {
    latest(destination, session, identities, history)?.map(|name| Located::new(destination.clone(), &name)).ok_or_else(|| {
        Error::new(ErrorKind::Archive, format!("{destination} holds no archive of session {session}"))
            .hint("make one with `wpp backup`, or name a file")
    })
}

fn latest(
    destination: &Destination,
    session: &str,
    identities: &Identities,
    history: impl FnOnce() -> Result<History>,
) -> Result<Option<String>> {
    // Names tell the second, so that only archives of the newest one are opened and not all: each
    // takes a request of a store, and each that is sealed with a passphrase a second.
    let mut seconds: BTreeMap<(bool, Timestamp), Vec<Object>> = BTreeMap::new();
    let limit = clock_limit();
    for object in destination.list()?.into_iter().filter(|object| is_archive(&object.name)) {
        if let Some(name) = named(&object.name).filter(|name| name.session == session) {
            // Of what is dated ahead of this clock, the time at which it was written tells more; and
            // where that lies ahead as well, nothing does, and everything else comes first.
            let written = || Timestamp::from_second(object.stamp.modified_s).unwrap_or(Timestamp::MAX);
            let time = if name.time <= limit { name.time } else { written() };
            seconds.entry((time <= limit, time)).or_default().push(object);
        }
    }
    let mut history = Some(history);
    let mut remembered = History::default();
    for objects in seconds.into_values().rev() {
        let alone = objects.len() == 1;
        let mut found: Vec<Shelved> = objects.into_iter().map(|object| shelve(destination, object, identities)).collect();
        if !alone
            && found.iter().any(Shelved::is_locked)
            && let Some(history) = history.take()
        {
            remembered = history()?;
        }
        found.sort_by_cached_key(|shelved| shelved.order(shelved.remembered_ms(&remembered)));
        for shelved in found.into_iter().rev() {
            match &shelved.manifest {
                Ok(manifest) if manifest.session == session => return Ok(Some(shelved.name)),
                Ok(_) => {}
                Err(_) if shelved.is_locked() => return Ok(Some(shelved.name)),
                Err(error) if error.kind() == ErrorKind::Archive => {}
                // A disk or a store that fails in the middle must not make an older archive the latest.
                Err(_) => return shelved.manifest.map(|_| None),
            }
        }
    }
    Ok(None)
}

/// Candidates for the name of a new archive, or increment. Several within one second are numbered.
pub fn names(session: &str, time: Timestamp, increment: bool, codec: Codec, encrypted: bool) -> impl Iterator<Item = String> {
    let stem = format!("{session}-{}", clock::compact(time));
    let kind = if increment { "wpp-incr" } else { "wpp" };
    let suffix = format!(".{kind}.{}{}", codec.name(), if encrypted { seal::SUFFIX } else { "" });
    numbered(stem, suffix)
}

/// The same for a set of a gateway's state.
pub fn set_names(channel: &str, time: Timestamp, encrypted: bool) -> impl Iterator<Item = String> {
    let suffix = format!("{SET_SUFFIX}{}", if encrypted { seal::SUFFIX } else { "" });
    numbered(format!("{channel}-{}", clock::compact(time)), suffix)
}

fn numbered(stem: String, suffix: String) -> impl Iterator<Item = String> {
    (1..=999_u32).map(move |number| if number == 1 { format!("{stem}{suffix}") } else { format!("{stem}-{number}{suffix}") })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::archive::seal::Recipients;
    use crate::archive::written::Written;

    #[test]
    fn names_say_what_they_were_made_of() {
        let time = clock::from_ms(1_795_230_900_000);
        for session in ["main", "a-b", "a-20261121", "x-2"] {
            let kinds = Codec::ALL.into_iter().flat_map(|codec| [(codec, false), (codec, true)]);
            for ((codec, encrypted), increment) in kinds.flat_map(|kind| [(kind, false), (kind, true)]) {
                for (number, name) in (1..).zip(names(session, time, increment, codec, encrypted).take(3)) {
                    assert_eq!(named(&name), Some(Named { session, time, number }), "{name}");
                    assert!(is_archive(&name) && name.ends_with(".age") == encrypted);
                }
            }
        }
        for other in [
            "",
            "x",
            "main.wpp.tar.gz",
            "main-2026.wpp.tar.gz",
            "main-20261321T031500Z.wpp.tar.gz",
            "MAIN-20261121T031500Z.wpp.tar.gz",
        ] {
            assert_eq!(named(other), None, "{other}");
        }
    }

    /// Sealed to a key that nobody here has: an archive of which only name and stamp are known.
    fn sealed(folder: &Path, name: &str) -> Stamp {
        let nobody = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let mut sealed = Recipients::keys([nobody], &[]).unwrap().seal(Vec::new()).unwrap();
        sealed.write_all(name.as_bytes()).unwrap();
        std::fs::write(folder.join(name), sealed.finish().unwrap()).unwrap();
        Destination::Folder(folder.to_owned()).look(name).unwrap().unwrap().stamp
    }

    #[test]
    fn sealed_archives_of_one_second_are_told_apart_by_what_is_known_of_them() {
        let full = |number: u32| match number {
            1 => "main-20261121T031500Z.wpp.tar.gz.age".to_owned(),
            number => format!("main-20261121T031500Z-{number}.wpp.tar.gz.age"),
        };
        let increment = |number| full(number).replace(".wpp.", ".wpp-incr.");
        // (names in the order in which the journal saw them made, others, the latest)
        type Case = (Vec<String>, Vec<String>, String);
        let cases: Vec<Case> = vec![
            (vec![full(1), increment(1)], vec![], increment(1)),
            (vec![increment(1), full(1)], vec![], full(1)),
            (vec![full(2), increment(1), full(1)], vec![], full(1)),
            // Names alone: numbers, and increments behind what they may build on.
            (vec![], vec![full(1), full(2), full(10)], full(10)),
            (vec![], vec![full(1), full(2), increment(1)], increment(1)),
            (vec![full(1)], vec![increment(1)], increment(1)),
            (vec![increment(1)], vec![full(1)], increment(1)),
            // The second before does not count, whatever there is.
            (vec![full(1)], vec!["main-20261121T031459Z-7.wpp-incr.tar.gz.age".to_owned()], full(1)),
        ];
        for (known, others, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let begun_ms = clock::from_ms(1_795_230_900_000).as_millisecond();
            let written = (0..).zip(&known).map(|(number, name)| Written {
                session: "main".into(),
                at_ms: begun_ms + number,
                archive_id: name.clone(),
                location: String::new(),
                name: name.clone(),
                stamp: sealed(folder.path(), name),
                whole: true,
                created_ms: begun_ms + 10 * number,
                parent_id: None,
                sha256: None,
            });
            let history = History { written: written.collect(), ..History::default() };
            others.iter().for_each(|name| drop(sealed(folder.path(), name)));
            let there = Arc::new(Destination::Folder(folder.path().to_owned()));
            let found = find(&there, &Settings::default(), "main", "latest", &Identities::default(), || Ok(history)).unwrap();
            assert_eq!(found.name(), expected, "{known:?} {others:?}");
        }
    }

    #[test]
    fn bytes_are_hashed_once_in_whatever_order_they_are_read() {
        let content: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
        let (mut bytes, hashing) = Hashing::over(Box::new(std::io::Cursor::new(content.clone())));
        let mut piece = [0; 1000];
        for place in [0, 99_000, 0, 500, 1500] {
            bytes.seek(SeekFrom::Start(place)).unwrap();
            bytes.read_exact(&mut piece).unwrap();
        }
        assert_eq!(hashing.finish(100_000), None);
        bytes.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(hashing.finish(100_000), Some(hex::encode(Sha256::digest(&content))));
    }
}
