//! Builds a plugin's folder to a component, with the tools of its language. Start with [`build`].
//!
//! Rust is built with what `plugins/toolchain` finds or makes: the same script that the plugins of this
//! project are built with. JavaScript is built with componentize-qjs.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::registry::COMPONENT_BYTES_MAX;
use super::scaffold::{COMPONENTIZE, Language};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};

/// Prints the environment in which cargo compiles plugins.
const TOOLCHAIN: &str = include_str!("../../plugins/toolchain");
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// How much of a failed build's words an error repeats.
const WORDS_MAX: usize = 60;

/// A plugin that was built.
#[derive(Debug)]
pub struct Built {
    /// What its manifest calls it.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// The component: `NAME.wasm` in the plugin's folder.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Builds the plugin in a folder; `tell` is given every line that the tools write meanwhile.
///
/// # Errors
/// [`ErrorKind::Usage`] when the folder holds no plugin or a tool is missing, [`ErrorKind::Failed`] with
/// the tool's words when it does not build.
pub fn build(folder: &Path, tell: &dyn Fn(&str)) -> Result<Built> {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let (rust, javascript) = (whole.join("Cargo.toml"), whole.join("package.json"));
    let (name, language, bytes) = match (rust.is_file(), javascript.is_file()) {
        (true, _) => {
            let name = Cargo::read(&rust)?.package.name;
            let bytes = cargo(&whole, &name, tell)?;
            (name, Language::Rust, bytes)
        }
        (false, true) => {
            let package = Package::read(&javascript)?;
            let bytes = componentize(&whole, &package, tell)?;
            (package.name, Language::JavaScript, bytes)
        }
        (false, false) => {
            return Err(Error::new(ErrorKind::Usage, format!("{} holds no Cargo.toml and no package.json", folder.display()))
                .hint("give the folder of a plugin; `wpp plugin new NAME` makes one"));
        }
    };
    let path = folder.join(format!("{name}.wasm"));
    disk::write_atomic_for_all(&path, &bytes)?;
    Ok(Built { name, language, path, bytes })
}

#[derive(Debug, Deserialize)]
struct Cargo {
    package: Named,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

impl Cargo {
    fn read(path: &Path) -> Result<Cargo> {
        toml::from_str(&text(path)?).map_err(|error| unfit(path, error.message()))
    }
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    main: Option<String>,
}

impl Package {
    fn read(path: &Path) -> Result<Package> {
        let package: Package = serde_json::from_str(&text(path)?).map_err(|error| unfit(path, &error.to_string()))?;
        if !crate::home::is_session_name(&package.name) {
            return Err(unfit(path, "its name is not 1 to 64 of a-z, 0-9, _ and -"));
        }
        Ok(package)
    }
}

fn text(path: &Path) -> Result<String> {
    let bytes = disk::read_small(path, MANIFEST_BYTES_MAX).map_err(|error| disk::cannot("read", path, error))?;
    String::from_utf8(bytes).map_err(|_| unfit(path, "it is no text"))
}

fn unfit(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("{} is no plugin's manifest: {why}", path.display()))
        .hint("`wpp plugin new NAME` makes one that is")
}

/// What cargo says of one thing that it made.
#[derive(Debug, Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    filenames: Vec<PathBuf>,
}

const BUILD: &str = r#"eval "$1"
separator=$'\x1f'
export CARGO_ENCODED_RUSTFLAGS="${CARGO_ENCODED_RUSTFLAGS:+$CARGO_ENCODED_RUSTFLAGS$separator}--remap-path-prefix=$2=/plugin"
exec cargo build --release --message-format json-render-diagnostics"#;

fn cargo(folder: &Path, name: &str, tell: &dyn Fn(&str)) -> Result<Vec<u8>> {
    if !crate::home::is_session_name(name) {
        return Err(unfit(&folder.join("Cargo.toml"), "the package's name is not 1 to 64 of a-z, 0-9, _ and -"));
    }
    // Where the crates lie is known once they are there.
    let mut fetch = bash(folder, "exec cargo fetch");
    fetch.env_remove("CARGO_BUILD_TARGET");
    run(fetch, &format!("fetch what {name} is made of"), tell)?;
    let prepared = run(bash(folder, TOOLCHAIN), "find the toolchain for plugins", tell)?;
    // What the script printed is to be read by the shell that it was written for. Where this plugin lies
    // is no part of what is built of it, either.
    let mut command = bash(folder, BUILD);
    command.arg("bash").arg(OsStr::new(&prepared)).arg(folder);
    let said = run(command, &format!("build {name}"), tell)?;
    let manifest = folder.join("Cargo.toml");
    let made = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .filter(|artifact| same(&artifact.manifest_path, &manifest))
        .flat_map(|artifact| artifact.filenames)
        .find(|path| path.extension().is_some_and(|end| end == "wasm"));
    let Some(made) = made else {
        return Err(Error::new(ErrorKind::Usage, format!("{} makes no component", manifest.display()))
            .hint("its library needs crate-type = [\"cdylib\"]"));
    };
    disk::read_small(&made, COMPONENT_BYTES_MAX).map_err(|error| disk::cannot("read", &made, error))
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn bash(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("bash");
    command.current_dir(folder).arg("-c").arg(script);
    command
}

fn componentize(folder: &Path, package: &Package, tell: &dyn Fn(&str)) -> Result<Vec<u8>> {
    let installed = folder.join("node_modules/.bin/componentize-qjs");
    let program = if installed.is_file() { installed } else { PathBuf::from("componentize-qjs") };
    let out = tempfile::Builder::new().prefix("wpp-build-").tempdir().map_err(|error| {
        Error::new(ErrorKind::Unexpected, "cannot make a temporary folder")
            .caused_by(error)
            .hint("free space in the temporary folder")
    })?;
    let made = out.path().join("plugin.wasm");
    let mut command = Command::new(&program);
    command.current_dir(folder).args(["--wit", "wit", "--js", package.main.as_deref().unwrap_or("plugin.js")]);
    command.args(["--world", "plugin", "--sync", "--stub-wasi", "--opt-size", "--minify", "--output"]).arg(&made);
    run(command, &format!("build {}", package.name), tell).map_err(|error| match error.kind() {
        ErrorKind::Usage => Error::new(
            ErrorKind::Usage,
            format!("componentize-qjs, which builds {}, is not there", package.name),
        )
        .hint(format!("run `npm install` in {}, or `npm install --global componentize-qjs@{COMPONENTIZE}`", folder.display())),
        _ => error,
    })?;
    disk::read_small(&made, COMPONENT_BYTES_MAX).map_err(|error| disk::cannot("read", &made, error))
}

/// Runs a tool to its end: gives what it wrote as its result, and tells line by line what else it wrote.
fn run(mut command: Command, doing: &str, tell: &dyn Fn(&str)) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { ErrorKind::Usage } else { ErrorKind::Unexpected };
        Error::new(kind, format!("cannot {doing}: cannot run {program}")).caused_by(error).hint(format!("install {program}"))
    })?;
    let stdout = child.stdout.take();
    let result = std::thread::spawn(move || {
        let mut all = Vec::new();
        match stdout.map(|mut stdout| stdout.read_to_end(&mut all)) {
            Some(Err(error)) => Err(error),
            _ => Ok(String::from_utf8_lossy(&all).into_owned()),
        }
    });
    let mut words = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        // A line that is no text ends nothing.
        for line in BufReader::new(stderr).split(b'\n') {
            let line = line.map_err(|error| lost(doing, error))?;
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            tell(&line);
            words.push(line);
        }
    }
    let status = child.wait().map_err(|error| lost(doing, error))?;
    let result = match result.join() {
        Ok(result) => result.map_err(|error| lost(doing, error))?,
        Err(_) => return Err(lost(doing, std::io::Error::other("a thread of wpp ended"))),
    };
    if status.success() {
        return Ok(result);
    }
    // The first words of a compiler name the cause; what follows it is often the echo.
    let more = words.len().saturating_sub(WORDS_MAX);
    words.truncate(WORDS_MAX);
    if more > 0 {
        words.push(format!("… and {more} lines more"));
    }
    let mut error = Error::new(ErrorKind::Failed, format!("cannot {doing}: {program} ended with {status}"));
    if !words.is_empty() {
        error = error.note(words.join("\n"));
    }
    Err(error.hint("mend what it says, and build again"))
}

fn lost(doing: &str, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unexpected, format!("cannot {doing}")).caused_by(error).hint("try again")
}
