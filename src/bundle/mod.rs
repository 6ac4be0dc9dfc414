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

/// Plugins that come with `wpp`; the name of any other is the operator's.
pub const PLUGINS: &[&str] = &["openwa", "jarvis", "connector", "baileys", "webhook", "slack", "telegram", "ntfy", "github"];

/// What a reader needs to know first.
pub const README: &str = "\
This is a support bundle of wpp. It was made to be read by people who do not know whose it is.

Tokens such as <person #0123456789> stand for numbers and JIDs of people, groups, names, texts, addresses, hosts, paths,
sessions, credentials and other words. The same token is the same thing in all files of this bundle, and in no other bundle:
the key that made them was thrown away. WPP_HOME stands for the folder of the home.

manifest.json     every file with its SHA-256, how much was taken out of it, and what is held back
versions.json     programs, libraries, schemas and the system
host.json         processors, memory, disk and limits
config.json       settings: which are set, and the values of numbers and switches
environment.json  variables by name, without their values
doctor.json       what `wpp doctor --all` says
status.json       what `wpp status --all` says
journal.json      the newest entries: verb, state, time
schedule.json     entries of the schedule, and how their last run ended
capacity.json     what `wpp capacity` measures
plugins.json      plugins with hashes, and what kinds of things they are allowed
evidence.json     runs of runbooks and drills
logs/             the end of each session's log
";

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

#[cfg(test)]
mod tests {
    use super::PLUGINS;

    #[test]
    fn the_plugins_that_come_with_wpp_are_those_of_its_sources() {
        let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins")).unwrap();
        let names = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
        let built = |name: &String| {
            let path = format!("{}/plugins/{name}/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
            std::path::Path::new(&path).is_file()
        };
        // One of them does harm, and only tests add it.
        let mut shipped: Vec<String> = names.filter(|name| built(name) && name != "hostile").collect();
        let mut listed = PLUGINS.to_vec();
        shipped.sort();
        listed.sort_unstable();
        assert_eq!(listed, shipped);
    }
}
