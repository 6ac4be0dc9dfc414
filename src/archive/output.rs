//! Where an archive is written to: a partial file, an upload, or either of them encrypted.
//!
//! The writer of archives takes an [`Output`] and never asks which. Start with [`FileOutput`].

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::Result;

/// Takes an archive's bytes, in order.
///
/// A failing `write` may carry one of our errors inside the [`std::io::Error`]
/// ([`crate::disk::as_io`]); it then comes out of the writer as it went in.
pub trait Output: Write + Send {
    /// Forces everything out. The bytes are then durable, and not yet under their final name.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A new file. Nothing but its bytes: who names it, locks it or removes it is the caller.
#[derive(Debug)]
pub struct FileOutput {
    file: File,
    path: PathBuf,
    /// Bytes since the last point at which tests may break the disk; `None` before the first byte.
    unannounced: Option<usize>,
}

impl FileOutput {
    /// Takes an empty file that was opened to be written.
    pub fn new(file: File, path: &Path) -> FileOutput {
        FileOutput { file, path: path.to_owned(), unannounced: None }
    }
}

impl Write for FileOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // One point for each megabyte: a sweep over the points stays short on large stores.
        if self.unannounced.is_none_or(|bytes| bytes >= 1 << 20) {
            self.unannounced = Some(0);
            let half = || drop((&self.file).write(&bytes[..bytes.len() / 2]));
            disk::faults::write_point(&self.path, half).map_err(disk::as_io)?;
        }
        let count = self.file.write(bytes)?;
        self.unannounced = self.unannounced.map(|before| before + count);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Output for FileOutput {
    fn finish(self: Box<Self>) -> Result<()> {
        disk::sync_file(&self.path)
    }
}
