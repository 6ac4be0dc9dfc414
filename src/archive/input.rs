//! Where an archive is read from: a file, an object in a store, or either of them decrypted.
//!
//! Readers take an [`Input`] and never ask which. Start with [`Input::new`];
//! [`super::shelf::Located::open`] makes one of what an operator named.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk;
use crate::error::{Error, ErrorKind, Result};

/// An archive's bytes, wherever they are.
pub trait Bytes: Read + Seek + Send {}

impl<T: Read + Seek + Send> Bytes for T {}

/// One archive to read, at its first byte.
pub struct Input {
    name: String,
    size_bytes: u64,
    bytes: Box<dyn Bytes>,
    neighbours: Option<Arc<dyn Neighbours>>,
    stop: Option<Arc<AtomicBool>>,
}

/// The place that an archive lies at, with the others there.
pub trait Neighbours: Send + Sync {
    /// How messages call the place.
    fn place(&self) -> String;
    /// Names and file sizes in bytes of all archives there.
    fn list(&self) -> Result<Vec<(String, u64)>>;
    /// One of them; `None` if nothing has this name.
    fn open(&self, name: &str) -> Result<Option<Input>>;
}

impl Input {
    /// An archive of `size_bytes` under the name that errors call it by.
    ///
    /// `bytes` may fail with one of our errors inside an [`std::io::Error`]
    /// ([`crate::disk::as_io`]); it then comes out of the reader as it went in.
    pub fn new(name: String, size_bytes: u64, bytes: Box<dyn Bytes>) -> Input {
        Input { name, size_bytes, bytes, neighbours: None, stop: None }
    }

    /// Says where the archive lies, for an increment that builds on others there.
    #[must_use]
    pub fn among(mut self, neighbours: Arc<dyn Neighbours>) -> Input {
        self.neighbours = Some(neighbours);
        self
    }

    /// Has every reading of it, and of its neighbours, fail with [`ErrorKind::Interrupted`] once the
    /// flag is set.
    pub fn stop_at(&mut self, flag: Arc<AtomicBool>) {
        self.neighbours =
            self.neighbours.take().map(|all| Arc::new(Stoppable { all, flag: flag.clone() }) as Arc<dyn Neighbours>);
        self.stop = Some(flag);
    }

    /// The place that it lies at, if that is known.
    pub fn neighbours(&self) -> Option<Arc<dyn Neighbours>> {
        self.neighbours.clone()
    }

    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Goes to a place, counted from the start.
    pub fn go_to(&mut self, offset_bytes: u64) -> Result<()> {
        self.bytes.seek(SeekFrom::Start(offset_bytes)).map_err(|error| self.cannot_read(error)).map(drop)
    }

    /// An error of these bytes in our words.
    pub fn cannot_read(&self, error: std::io::Error) -> Error {
        disk::cannot("read", Path::new(&self.name), error)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            let error = Error::new(ErrorKind::Interrupted, format!("interrupted while reading {}", self.name));
            return Err(disk::as_io(error.hint("run it again")));
        }
        self.bytes.read(buffer)
    }
}

/// Neighbours of an archive that is read until a flag is set.
struct Stoppable {
    all: Arc<dyn Neighbours>,
    flag: Arc<AtomicBool>,
}

impl Neighbours for Stoppable {
    fn place(&self) -> String {
        self.all.place()
    }

    fn list(&self) -> Result<Vec<(String, u64)>> {
        self.all.list()
    }

    fn open(&self, name: &str) -> Result<Option<Input>> {
        let mut input = self.all.open(name)?;
        if let Some(input) = &mut input {
            input.stop_at(self.flag.clone());
        }
        Ok(input)
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Input").field("name", &self.name).field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}
