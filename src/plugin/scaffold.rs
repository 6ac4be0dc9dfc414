//! The start of a new plugin: a folder that builds as it is. Start with [`files`].
//!
//! What plugins are written with is not published anywhere: the SDK, its bindings and the contract are
//! in this program, and are written into the folder.

use std::path::{Path, PathBuf};

use super::host::VERSION;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};

/// What the plugin is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Kind {
    /// Checks for the doctor.
    #[default]
    Checks,
    /// A place where notices go.
    Notice,
    /// A gateway to WhatsApp.
    Gateway,
}

/// What it is to be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Language {
    /// Rust, with the SDK.
    #[default]
    Rust,
    /// JavaScript.
    #[value(name = "javascript")]
    JavaScript,
}

impl Kind {
    /// What the command line calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Checks => "checks",
            Kind::Notice => "notice",
            Kind::Gateway => "gateway",
        }
    }
}

impl Language {
    /// What the command line calls it.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::JavaScript => "javascript",
        }
    }
}

/// The contract.
pub const CONTRACT: &str = include_str!("wpp.wit");
/// The version of componentize-qjs that this was tried with.
pub const COMPONENTIZE: &str = "0.4.5";

/// The SDK, file by file.
const SDK: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../../plugins/sdk/Cargo.toml")),
    ("src/api.rs", include_str!("../../plugins/sdk/src/api.rs")),
    ("src/bindings/checker.rs", include_str!("../../plugins/sdk/src/bindings/checker.rs")),
    ("src/bindings/gateway.rs", include_str!("../../plugins/sdk/src/bindings/gateway.rs")),
    ("src/bindings/notifier.rs", include_str!("../../plugins/sdk/src/bindings/notifier.rs")),
    ("src/bindings/powers.rs", include_str!("../../plugins/sdk/src/bindings/powers.rs")),
    ("src/endpoints.rs", include_str!("../../plugins/sdk/src/endpoints.rs")),
    ("src/judge.rs", include_str!("../../plugins/sdk/src/judge.rs")),
    ("src/lib.rs", include_str!("../../plugins/sdk/src/lib.rs")),
    ("src/time.rs", include_str!("../../plugins/sdk/src/time.rs")),
];

/// The lock file of the plugins that come with the program: what the SDK was tried with.
const LOCK: &str = include_str!("../../plugins/Cargo.lock");

/// Every file of a new plugin: its path in the folder, and its content.
///
/// # Errors
/// [`ErrorKind::Usage`] when no plugin, no package and no channel can have the name.
pub fn files(name: &str, kind: Kind, language: Language) -> Result<Vec<(PathBuf, String)>> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let starts = name.starts_with(|first: char| first.is_ascii_lowercase());
    if !starts || name.len() > 64 || !name.bytes().all(plain) || name == "wpp-plugin-sdk" {
        return Err(Error::new(ErrorKind::Usage, format!("{name:?} is no plugin's name"))
            .hint("a name is 1 to 64 of a-z, 0-9, _ and -, and begins with a letter"));
    }
    let fill = |text: &str| {
        text.replace("@NAME@", name)
            .replace("@VERSION@", VERSION)
            .replace("@PROGRAM@", env!("CARGO_PKG_VERSION"))
            .replace("@COMPONENTIZE@", COMPONENTIZE)
    };
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    let mut add = |path: &str, text: &str| files.push((path.into(), fill(text)));
    add(
        "answers.json",
        match kind {
            Kind::Checks => include_str!("scaffold/checks.json"),
            Kind::Notice => include_str!("scaffold/notice.json"),
            Kind::Gateway => include_str!("scaffold/gateway.json"),
        },
    );
    match language {
        Language::Rust => {
            add(".gitignore", "/target\n");
            add("README.md", include_str!("scaffold/rust/README.md"));
            add("Cargo.toml", include_str!("scaffold/rust/Cargo.toml.in"));
            add("Cargo.lock", &lock(name));
            add(
                "src/lib.rs",
                match kind {
                    Kind::Checks => include_str!("scaffold/rust/checks.rs"),
                    Kind::Notice => include_str!("scaffold/rust/notice.rs"),
                    Kind::Gateway => include_str!("scaffold/rust/gateway.rs"),
                },
            );
            add("sdk/README.md", include_str!("scaffold/rust/sdk.md"));
            add("sdk/wpp.wit", CONTRACT);
            for (path, text) in SDK {
                // Not to be filled: it is what it is.
                files.push((Path::new("sdk").join(path), (*text).to_owned()));
            }
        }
        Language::JavaScript => {
            add(".gitignore", "/node_modules\n");
            add("README.md", include_str!("scaffold/javascript/README.md"));
            add("package.json", include_str!("scaffold/javascript/package.json.in"));
            add("wpp.js", include_str!("scaffold/javascript/wpp.js"));
            let (source, world) = match kind {
                Kind::Checks => (include_str!("scaffold/javascript/checks.js"), include_str!("scaffold/javascript/checks.wit")),
                Kind::Notice => (include_str!("scaffold/javascript/notice.js"), include_str!("scaffold/javascript/notice.wit")),
                Kind::Gateway => {
                    (include_str!("scaffold/javascript/gateway.js"), include_str!("scaffold/javascript/gateway.wit"))
                }
            };
            add("plugin.js", source);
            add("wit/plugin.wit", world);
            add("wit/deps/wpp/wpp.wit", CONTRACT);
        }
    }
    Ok(files)
}

/// Writes a new plugin into a folder that is not there yet, or is empty.
///
/// # Errors
/// [`ErrorKind::Usage`] when there is something: nothing is ever written over.
pub fn write(folder: &Path, files: &[(PathBuf, String)]) -> Result<()> {
    match std::fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => {
            return Err(Error::new(ErrorKind::Usage, format!("{} is not empty", folder.display()))
                .hint("give another name or another --folder; nothing is ever written over"));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(disk::cannot("look at", folder, error)),
    }
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            disk::create_folder(parent)?;
        }
        disk::write_atomic_for_all(&path, text.as_bytes())?;
    }
    Ok(())
}

/// The lock file of a package that depends on the SDK alone.
fn lock(name: &str) -> String {
    let mut parts = LOCK.split("[[package]]\n");
    let head = parts.next().unwrap_or_default();
    let named = |part: &str| part.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"').map(str::to_owned));
    let mut packages: Vec<(String, String)> = parts
        .filter_map(|part| Some((named(part)?, part.trim_end().to_owned())))
        .filter(|(name, part)| name == "wpp-plugin-sdk" || part.contains("\nsource = "))
        .collect();
    packages
        .push((name.to_owned(), format!("name = \"{name}\"\nversion = \"0.1.0\"\ndependencies = [\n \"wpp-plugin-sdk\",\n]")));
    packages.sort();
    let packages: Vec<String> = packages.iter().map(|(_, part)| format!("[[package]]\n{part}\n")).collect();
    format!("{head}{}", packages.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, into) } else { into.push(path) }
        }
    }

    #[test]
    fn the_whole_sdk_is_in_the_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/sdk");
        let mut found = Vec::new();
        walk(&root, &mut found);
        let mut found: Vec<String> =
            found.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned()).collect();
        found.sort();
        let mut known: Vec<&str> = SDK.iter().map(|(path, _)| *path).collect();
        known.sort_unstable();
        assert_eq!(found, known, "the SDK has files that a new plugin would lack");
    }

    #[test]
    fn a_new_plugin_has_no_gap_left_and_is_named_as_asked() {
        for kind in [Kind::Checks, Kind::Notice, Kind::Gateway] {
            for language in [Language::Rust, Language::JavaScript] {
                let files = files("pager", kind, language).unwrap();
                for (path, text) in &files {
                    let ours = !path.starts_with("sdk/src") && path.file_name().unwrap() != "wpp.wit";
                    assert!(!ours || !text.contains("@NAME@") && !text.contains("@VERSION@"), "{}", path.display());
                }
                assert!(files.iter().any(|(_, text)| text.contains("pager")));
            }
        }
        for name in ["", "9lives", "Up", "a b", "../x", "-x", "wpp-plugin-sdk", &"a".repeat(65)] {
            assert_eq!(files(name, Kind::Checks, Language::Rust).unwrap_err().kind(), ErrorKind::Usage, "{name}");
        }
        let locked = lock("aaa");
        assert!(
            locked.contains("name = \"aaa\"") && locked.contains("name = \"wit-bindgen\"") && !locked.contains("openwa"),
            "{locked}"
        );
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let files = files("pager", Kind::Checks, Language::JavaScript).unwrap();
        let inside = folder.path().join("new/pager");
        write(&inside, &files).unwrap();
        assert!(inside.join("wit/deps/wpp/wpp.wit").is_file());
        std::fs::write(inside.join("plugin.js"), "mine").unwrap();
        assert_eq!(write(&inside, &files).unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(std::fs::read_to_string(inside.join("plugin.js")).unwrap(), "mine");
    }
}
