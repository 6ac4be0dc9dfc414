//! Archives: what a backup writes and a restore reads. Nouns only; the verbs are in `backup` and
//! `restore`. May import the ground, `session` and `whatsapp`.
//!
//! [`manifest`] describes the format, [`snapshot`] takes a consistent picture of a live database,
//! [`pages`] and [`delta`] say what an increment carries of it, [`codec`] compresses its blocks,
//! [`pack`] writes an archive to an [`output`], [`open`] reads one that nobody trusts from an
//! [`input`], [`chain`] builds what an increment stands for, [`base`] finds what the next one builds
//! on, [`verify`] says how far an archive was checked, [`custody`] judges whether Signal state moved
//! on since, [`destination`] is where archives are kept, [`seal`] encrypts them, [`shelf`] finds them,
//! [`verified`] knows which checks they passed and [`written`] what this home wrote, [`history`] is both,
//! and [`retention`] says which may go. Start with [`manifest::Manifest`].

pub mod manifest;
pub mod custody;
pub mod pages;
pub mod snapshot;
pub mod delta;
pub mod codec;
pub mod output;
pub mod pack;
pub mod input;
pub mod open;
pub mod scratch;
pub mod chain;
pub mod base;
pub mod verify;
pub mod retention;
pub mod destination;
pub mod seal;
pub mod shelf;
pub mod verified;
pub mod written;
pub mod history;
