//! The contract's names: which version a component was built for, which interfaces there are, and what is
//! none of the contract's. Pure; the host does with it what it says.
//!
//! Start with [`built_for`]. Each released version of `wpp.wit` is hosted beside the later ones: a component
//! is given the version that its own imports and exports name, and never another one.

use std::collections::BTreeSet;

/// The package of the contract, without its version.
pub const PACKAGE: &str = "wpp:plugin/";
/// The newest version that is hosted. A later one is hosted beside it, never instead of it.
pub const VERSION: &str = "0.1.0";

/// An interface of the contract that a plugin may export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// Checks for the doctor.
    Checks,
    /// Messages and notices.
    Channel,
    /// Sessions of a gateway.
    Sessions,
    /// Webhooks of a gateway.
    Webhooks,
}

impl Interface {
    /// All of them.
    pub const ALL: [Interface; 4] = [Interface::Checks, Interface::Channel, Interface::Sessions, Interface::Webhooks];

    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Interface::Checks => "checks",
            Interface::Channel => "channel",
            Interface::Sessions => "sessions",
            Interface::Webhooks => "webhooks",
        }
    }
}

/// The version of the contract that a component was built for, by the names that it imports and exports;
/// `None` when none of them is the contract's.
///
/// # Errors
/// Why no version that is hosted is the one: in words that go on after "the plugin cannot be used:", and what
/// to do.
pub fn built_for(
    imports: &[String],
    exports: &[String],
    hosted: &[&'static str],
) -> Result<Option<&'static str>, (String, String)> {
    let ours = |names: &[String]| -> Vec<String> { names.iter().filter(|name| name.starts_with(PACKAGE)).cloned().collect() };
    let (asks, offers) = (ours(imports), ours(exports));
    let version = |name: &String| name.split_once('@').map_or(String::new(), |(_, version)| version.to_owned());
    let versions: BTreeSet<String> = asks.iter().chain(&offers).map(version).collect();
    let newest = hosted.last().copied().unwrap_or_default();
    let [wanted] = versions.iter().collect::<Vec<_>>()[..] else {
        if versions.is_empty() {
            return Ok(None);
        }
        let all: Vec<String> = versions.into_iter().collect();
        let why = format!("it mixes the versions {} of the contract", all.join(" and "));
        return Err((why, format!("build all of it against one; this wpp hosts {}", hosted.join(", "))));
    };
    if let Some(known) = hosted.iter().find(|known| *known == wanted) {
        return Ok(Some(known));
    }
    let mut does = Vec::new();
    if !asks.is_empty() {
        does.push(format!("it asks for {}", asks.join(", ")));
    }
    if !offers.is_empty() {
        does.push(format!("it offers {}", offers.join(", ")));
    }
    let why = format!(
        "it was built for version {wanted} of the contract, and this wpp hosts {} ({})",
        hosted.join(", "),
        does.join("; ")
    );
    Err((why, format!("take a wpp that hosts version {wanted}, or build the plugin against version {newest}")))
}

/// Whether an import is given to the plugins of a version.
pub fn offered(import: &str, version: &str) -> bool {
    ["types", "log", "clock", "config", "http"].iter().any(|interface| import == format!("{PACKAGE}{interface}@{version}"))
}

/// Whether it is of the part of WASI that the runtimes of other languages want to find, whether they
/// use it or not.
pub fn of_wasi(import: &str) -> bool {
    ["cli", "clocks", "filesystem", "io", "random", "sockets"].iter().any(|part| {
        import.strip_prefix("wasi:").and_then(|rest| rest.strip_prefix(part)).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// `<area>.<what>`, as the contract has it: ids are printed, and typed again.
pub fn is_check_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let part = |part: &str| (1..=64).contains(&part.len()) && part.bytes().all(plain);
    id.split_once('.').is_some_and(|(area, what)| part(area) && part(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_given_the_version_that_it_names_and_no_other() {
        let built = |imports: &[&str], exports: &[&str], hosted: &[&'static str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            built_for(&owned(imports), &owned(exports), hosted)
        };
        let both = ["0.1.0", "0.2.0"];
        assert_eq!(
            built(&["wpp:plugin/log@0.1.0", "wasi:io/poll@0.2.0"], &["wpp:plugin/checks@0.1.0"], &both),
            Ok(Some("0.1.0"))
        );
        assert_eq!(built(&["wpp:plugin/log@0.2.0"], &["wpp:plugin/checks@0.2.0"], &both), Ok(Some("0.2.0")));
        assert_eq!(built(&["wasi:io/poll@0.2.0"], &[], &both), Ok(None));
        let (why, hint) = built(&["wpp:plugin/log@0.2.0"], &["wpp:plugin/checks@0.2.0"], &both[..1]).unwrap_err();
        assert!(why.contains("built for version 0.2.0 of the contract, and this wpp hosts 0.1.0 "), "{why}");
        assert!(why.contains("asks for wpp:plugin/log@0.2.0; it offers wpp:plugin/checks@0.2.0"), "{why}");
        assert!(hint.contains("hosts version 0.2.0") && hint.contains("against version 0.1.0"), "{hint}");
        let (why, _) = built(&["wpp:plugin/log@0.1.0"], &["wpp:plugin/checks@0.2.0"], &both).unwrap_err();
        assert!(why.contains("mixes the versions 0.1.0 and 0.2.0"), "{why}");
        assert!(built(&["wpp:plugin/log"], &[], &both).is_err());
    }
}
