//! Where archives are kept: a folder, or a prefix of a bucket of S3-compatible storage.
//!
//! Both kinds keep one promise: under an archive's name there is never anything but a whole object.
//! What is being written is a [`Draft`]: it takes bytes ([`std::io::Write`]), is made durable
//! ([`Draft::finish`]), can be read back ([`Draft::open`]) and only then stays ([`Draft::publish`]).
//! A draft that is dropped leaves nothing, and what a killed process left is removed by the next
//! backup of that session ([`Destination::clear`]).
//!
//! | | folder | store |
//! |---|---|---|
//! | while it is written | `<name>.partial`, locked | parts of an upload, invisible; `<name>.claim` beside |
//! | after `finish` | the partial file, forced to the disk | the object under its name, whole; the claim still there |
//! | after `publish` | renamed to its name | the claim is gone |
//!
//! [`folder`] is the one kind, [`bucket`] the other (the only file that names the S3 client),
//! [`settings`] says how a store is reached and with which keys, [`outage`] what is wrong with one.
//! Start with [`Destination::parse`].

pub mod bucket;
pub mod folder;
pub mod outage;
pub mod settings;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::input::Bytes;
use super::output::Output;
use super::shelf;
use crate::error::{Error, ErrorKind, Result};
use bucket::Bucket;
use settings::Settings;

/// Ending of the small object that reserves a name while its archive is uploaded.
pub const CLAIM: &str = ".claim";
/// Ending of a file that is being written.
pub const PARTIAL: &str = ".partial";
/// How the address of a store begins.
pub const STORE_SCHEME: &str = "s3://";

/// What tells an object that was verified from a copy or a later state of it. Bytes that rot by
/// themselves change none of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its size.
    pub size_bytes: u64,
    /// Seconds of its modification time since the epoch.
    pub modified_s: i64,
    /// And the nanoseconds.
    pub modified_ns: i64,
    /// What a store calls this state of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Stamp {
    /// Whether both are of one state of an object, as far as both tell: not every listing of a store
    /// says what the state is called, and what moves files may keep whole seconds alone, as tar does.
    pub fn is(&self, other: &Stamp) -> bool {
        let etags = match (&self.etag, &other.etag) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        let instants = self.modified_ns == other.modified_ns || self.modified_ns == 0 || other.modified_ns == 0;
        etags && instants && (self.size_bytes, self.modified_s) == (other.size_bytes, other.modified_s)
    }
}

/// One whole object at a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name, without folder or prefix.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Which state of it this is.
    pub stamp: Stamp,
}

/// What [`Destination::clear`] did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Leftovers that are gone now, as paths or addresses.
    pub removed: Vec<String>,
    /// Leftovers that are still there, each with the reason.
    pub kept: Vec<(String, String)>,
}

/// A place for archives.
#[derive(Debug)]
pub enum Destination {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A prefix of a bucket.
    Store(Box<Bucket>),
}

impl Destination {
    /// Takes `s3://BUCKET[/PREFIX]` or a path. Nothing is reached yet, so this also works where the
    /// store is down and its keys are missing.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when the address of a store is not one.
    pub fn parse(text: &str, settings: &Settings) -> Result<Destination> {
        if text.starts_with(STORE_SCHEME) {
            return Ok(Destination::Store(Box::new(Bucket::parse(text, settings)?)));
        }
        // `S3://…` or `https://…` as a folder's name would surprise whoever typed it.
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("{text:?} is no place for archives: nothing is known about {scheme}://"),
            )
            .hint("write s3://BUCKET/PREFIX for S3-compatible storage, or the path of a folder"));
        }
        let wrong = |what: String, hint: &str| Error::new(ErrorKind::Usage, what).hint(hint);
        let folder = Destination::folder_in(text).ok_or_else(|| {
            wrong(
                "the place for archives is empty".into(),
                "write s3://BUCKET/PREFIX for S3-compatible storage, or the path of a folder",
            )
        })?;
        if text.starts_with('~') || folder.components().any(|part| part.as_os_str() == "~") {
            return Err(wrong(format!("{text:?} has a ~, which only a shell knows"), "write the whole path"));
        }
        let is_named_like_one = folder.file_name().and_then(|name| name.to_str()).is_some_and(shelf::is_archive);
        if folder.is_file() || is_named_like_one && !folder.is_dir() {
            let what = if folder.is_file() { "is a file" } else { "is the name of an archive" };
            return Err(wrong(
                format!("{text:?} {what}, and no place for archives"),
                "name the folder: an archive gets its name from its session and its time",
            ));
        }
        Ok(Destination::Folder(folder))
    }

    /// The folder that [`Destination::parse`] takes `text` for, for whoever has no settings; `None`
    /// when it names none.
    pub fn folder_in(text: &str) -> Option<PathBuf> {
        (!text.is_empty() && !text.contains("://")).then(|| PathBuf::from(text))
    }

    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Destination::Folder(folder) => Some(folder),
            Destination::Store(_) => None,
        }
    }

    /// A path or an address that an operator can type.
    pub fn place(&self, name: &str) -> String {
        match self {
            Destination::Folder(folder) => folder.join(name).display().to_string(),
            Destination::Store(bucket) => bucket.place(name),
        }
    }

    /// Every whole object, sorted by name; a folder that does not exist has none.
    pub fn list(&self) -> Result<Vec<Object>> {
        let mut found = match self {
            Destination::Folder(folder) => folder::list(folder)?,
            Destination::Store(bucket) => bucket.list()?,
        };
        found.retain(|object| !is_hidden(&object.name));
        found.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(found)
    }

    /// One object; `None` if nothing has this name.
    pub fn look(&self, name: &str) -> Result<Option<Object>> {
        let name = checked(name)?;
        match self {
            Destination::Folder(folder) => folder::look(folder, name),
            Destination::Store(bucket) => bucket.look(name),
        }
    }

    /// Opens an object to be read from any place in it, as it lies there: what is encrypted stays so.
    /// Gives the state of it that is read.
    pub fn open(&self, name: &str) -> Result<(Box<dyn Bytes>, Object)> {
        let name = checked(name)?;
        match self {
            Destination::Folder(folder) => folder::open(folder, name),
            Destination::Store(bucket) => bucket.open(name).map(|(reader, object)| (Box::new(reader) as Box<dyn Bytes>, object)),
        }
    }

    /// Opens an object that was just listed, and saves asking for it once more.
    pub fn open_listed(&self, object: &Object) -> Result<Box<dyn Bytes>> {
        let name = checked(&object.name)?;
        match self {
            Destination::Folder(folder) => folder::open(folder, name).map(|(bytes, _)| bytes),
            Destination::Store(bucket) => bucket.open_listed(object).map(|reader| Box::new(reader) as Box<dyn Bytes>),
        }
    }

    /// Begins to write a new object of about so many bytes: more makes the parts of an upload larger.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] when the name is taken, by a whole object or by somebody who writes it.
    pub fn create(&self, name: &str, about_bytes: u64) -> Result<Draft> {
        let name = checked(name)?;
        match self {
            Destination::Folder(folder) => folder::Draft::create(folder, name).map(Kind::Folder),
            Destination::Store(bucket) => bucket.create(name, about_bytes).map(|upload| Kind::Store(Box::new(upload))),
        }
        .map(|kind| Draft(Arc::new(Mutex::new(Some(kind)))))
    }

    /// Removes an object; one that is not there is fine.
    pub fn remove(&self, name: &str) -> Result<()> {
        let name = checked(name)?;
        match self {
            Destination::Folder(folder) => folder::remove(folder, name),
            Destination::Store(bucket) => bucket.remove(name),
        }
    }

    /// Removes what killed backups of a session left. The caller holds the lock that keeps backups
    /// of the session apart, so none of them is alive. In a store only what this home wrote goes.
    pub fn clear(&self, session: &str) -> Result<Cleared> {
        match self {
            Destination::Folder(folder) => folder::clear(folder, session),
            Destination::Store(bucket) => bucket.clear(session),
        }
    }

    /// What this destination cannot do, in sentences, as far as it was noticed.
    pub fn limits(&self) -> Vec<String> {
        match self {
            Destination::Folder(_) => Vec::new(),
            Destination::Store(bucket) => bucket.limits(),
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::Folder(folder) => write!(formatter, "{}", folder.display()),
            Destination::Store(bucket) => write!(formatter, "{bucket}"),
        }
    }
}

/// An object that is being written. Dropped before [`Draft::publish`], with every [`Draft::output`]
/// of it, it leaves nothing.
#[derive(Debug)]
pub struct Draft(Arc<Mutex<Option<Kind>>>);

#[derive(Debug)]
enum Kind {
    Folder(folder::Draft),
    Store(Box<bucket::Upload>),
}

impl Draft {
    /// Takes the bytes. What is written by hand and through outputs goes one behind the other.
    pub fn output(&self) -> Box<dyn Output> {
        Box::new(Draft(self.0.clone()))
    }

    /// Forces everything out: the bytes are durable then. Nothing can be written afterwards.
    pub fn finish(&mut self) -> Result<()> {
        self.with(|kind| match kind {
            Kind::Folder(draft) => draft.finish(),
            Kind::Store(upload) => upload.finish(),
        })
    }

    /// Reads back what was finished, from where it lies.
    pub fn open(&self) -> Result<(Box<dyn Bytes>, Object)> {
        self.with(|kind| match kind {
            Kind::Folder(draft) => draft.open(),
            Kind::Store(upload) => upload.open().map(|(reader, object)| (Box::new(reader) as Box<dyn Bytes>, object)),
        })
    }

    /// Lets it stay under its name.
    pub fn publish(self) -> Result<()> {
        match self.take()? {
            Kind::Folder(draft) => draft.publish(),
            Kind::Store(upload) => upload.publish(),
        }
    }

    /// Removes it and says whether that worked; dropping it tries the same.
    pub fn discard(&self) -> Result<()> {
        match self.take()? {
            Kind::Folder(draft) => draft.discard(),
            Kind::Store(upload) => upload.discard(),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kind) -> Result<T>) -> Result<T> {
        // A thread that panicked while it wrote left a draft that is worth no more than that.
        act(self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().ok_or_else(settled)?)
    }

    fn take(&self) -> Result<Kind> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(settled)
    }
}

fn settled() -> Error {
    Error::new(ErrorKind::Unexpected, "an archive was used after it was published or discarded")
        .hint("report this as a bug of wpp")
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(Kind::Folder(draft)) => draft.write(bytes),
            Some(Kind::Store(upload)) => upload.write(bytes),
            None => Err(crate::disk::as_io(settled())),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(Kind::Folder(draft)) => draft.flush(),
            Some(Kind::Store(upload)) => upload.flush(),
            None => Err(crate::disk::as_io(settled())),
        }
    }
}

impl Output for Draft {
    fn finish(mut self: Box<Self>) -> Result<()> {
        Draft::finish(&mut self)
    }
}

/// Names that lead nowhere else: one component, not hidden, without control characters.
fn checked(name: &str) -> Result<&str> {
    let plain = !name.is_empty()
        && name.len() <= 255
        && !name.starts_with('.')
        && !name.chars().any(|character| character.is_control() || matches!(character, '/' | '\\'));
    if plain {
        return Ok(name);
    }
    Err(Error::new(ErrorKind::Usage, format!("{name:?} is no name of an archive"))
        .hint("give the name as `wpp backup list` shows it"))
}

fn is_hidden(name: &str) -> bool {
    name.ends_with(CLAIM) || name.ends_with(PARTIAL) || checked(name).is_err()
}

/// Whether a name, or what it will be without [`CLAIM`] or [`PARTIAL`], is one that wpp gives to
/// archives of this session: it is none of a session whose name only begins like it, and none that
/// somebody made of such a name.
fn belongs_to(name: &str, session: &str) -> bool {
    let name = [CLAIM, PARTIAL].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    match session.strip_prefix(shelf::SET_OWNER) {
        Some(channel) => shelf::is_set(name) && shelf::named(name).is_some_and(|named| named.session == channel),
        None => shelf::is_archive(name) && shelf::named(name).is_some_and(|named| named.session == session),
    }
}

/// The error for a name that somebody has.
fn taken(place: &str, by: &str) -> Error {
    Error::new(ErrorKind::Locked, format!("{place} is taken by {by}")).hint("try again in a second: the name holds the time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_moved_with_whole_seconds_alone_is_what_it_was() {
        let made = Stamp { size_bytes: 5, modified_s: 7, modified_ns: 123, etag: None };
        for (other, is_it) in [
            (made.clone(), true),
            (Stamp { modified_ns: 0, ..made.clone() }, true),
            (Stamp { modified_ns: 124, ..made.clone() }, false),
            (Stamp { modified_s: 8, modified_ns: 0, ..made.clone() }, false),
            (Stamp { size_bytes: 6, modified_ns: 0, ..made.clone() }, false),
        ] {
            assert_eq!((made.is(&other), other.is(&made)), (is_it, is_it), "{other:?}");
        }
    }

    #[test]
    fn paths_and_addresses_are_told_apart() {
        let parse = |text: &str| Destination::parse(text, &Settings::default());
        assert!(matches!(parse("/mnt/safe").unwrap(), Destination::Folder(_)));
        assert!(matches!(parse("backups").unwrap(), Destination::Folder(_)));
        assert_eq!(Destination::folder_in("backups"), Some("backups".into()));
        for (text, shown) in [("s3://b-1.x", "s3://b-1.x/n"), ("s3://bucket/a/b/", "s3://bucket/a/b/n")] {
            assert_eq!(parse(text).unwrap().place("n"), shown);
        }
        for bad in [
            "",
            "s3://",
            "s3://b",
            "s3:///x",
            "s3://Bucket",
            "s3://buc ket",
            "s3://bucket//x",
            "s3://bucket/../x",
            "s3://bucket/./x",
            "s3://bucket/a\u{7}",
            "s3://key:secret@bucket/x",
            "s3://bucket?x=y",
            "https://host/bucket",
            "S3://bucket",
        ] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{bad}");
            assert!(!error.hints().is_empty());
            assert_eq!(Destination::folder_in(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_no_folder_is_no_place() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("key.txt"), "x").unwrap();
        for bad in ["~", "~/x", "~root/x", "/cwd/~/x", &at("key.txt"), &at("a.wpp.tar.gz"), &at("a.wpp-incr.tar.zst.age")] {
            assert_eq!(Destination::parse(bad, &Settings::default()).unwrap_err().kind(), ErrorKind::Usage, "{bad}");
        }
        std::fs::create_dir(at("old.wpp.tar.gz")).unwrap();
        for good in [at("old.wpp.tar.gz"), at("new"), at("a~")] {
            assert!(Destination::parse(&good, &Settings::default()).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = Destination::parse("s3://key:hush@bucket/x", &Settings::default()).unwrap_err();
        assert!(!format!("{error:?} {}", error.chain()).contains("hush"));
    }

    #[test]
    fn a_session_owns_its_names_and_not_those_of_a_longer_one() {
        assert!(belongs_to("main-20261121T031500Z.wpp.tar.gz.claim", "main"));
        assert!(belongs_to("a-b-20261121T031500Z.wpp.tar.gz", "a-b"));
        assert!(!belongs_to("a-b-20261121T031500Z.wpp.tar.gz", "a"));
        assert!(belongs_to("main-20261121T031500Z-12.wpp-incr.tar.zst.age.partial", "main"));
        for other in ["-mine.txt.partial", "-mine.wpp.tar.gz.partial", ".txt", ".wpp.txt.partial", ".partial"] {
            assert!(!belongs_to(&format!("main-20261121T031500Z{other}"), "main"), "{other}");
        }
        assert!(!belongs_to("main-2026", "main"));
        // A gateway may be called like a session.
        let set = "main-20261121T031500Z.wppset.tar.gz.partial";
        assert!(belongs_to(set, &shelf::owner_of_sets("main")) && !belongs_to(set, "main"));
        assert!(!belongs_to("main-20261121T031500Z.wpp.tar.gz.partial", &shelf::owner_of_sets("main")));
        assert!(!belongs_to("main", "main"));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::Folder(folder.path().to_owned());
        for bad in ["", ".", "..", "a/b", "../x", ".hidden", "a\u{1b}[2J", "a\\b"] {
            assert_eq!(destination.look(bad).unwrap_err().kind(), ErrorKind::Usage, "{bad:?}");
            assert!(destination.create(bad, 0).is_err() && destination.remove(bad).is_err() && destination.open(bad).is_err());
        }
    }
}
