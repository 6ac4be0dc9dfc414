//! Support bundles: what a stranger needs to help with a home, and nothing about anybody.
//!
//! Three walls stand one behind the other. What goes in is built field by field from [`clean::Clean`]'s
//! methods, so that a text has to be of a known form to stay as it is; stores, archives and keys have no way
//! in at all. Everything else goes through [`crate::evidence::strangers`], which takes out whoever is known
//! here and whatever looks like somebody. At last [`pack::seal`] opens the finished bytes again and refuses
//! them if anything of that kind is still found. Start with [`Part`] and [`pack::seal`].

pub mod clean;
pub mod known;
pub mod pack;
pub mod words;

use crate::evidence::strangers::Counts;

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name in the bundle.
    pub name: String,
    /// Its bytes: JSON, lines of JSON, or text.
    pub bytes: Vec<u8>,
    /// What was taken out of it, by kind.
    pub replaced: Counts,
}
