//! Files that commands write for other programs under a name that the operator gives: what they may take the
//! place of.
//!
//! Only what wpp wrote of the same kind is replaced, each time whole: a name that was mistyped, a device or a
//! pipe loses nothing. Start with [`Kind`] and [`write`].

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::ui;

/// The largest file that is taken for one of ours.
const SIZE_BYTES_MAX: u64 = 64 << 20;
/// What stands for standard output in the place of a file's name.
const STANDARD_OUTPUT: &str = "-";

/// One kind of file.
pub(super) struct Kind {
    /// What it is, with its article: `a page`.
    pub name: &'static str,
    /// The option that names it.
    pub option: &'static str,
    /// Whether a text begins as ours do.
    pub is_ours: fn(&str) -> bool,
    /// Whether other users of the machine read it.
    pub is_public: bool,
}

/// A page of [`ui::html`].
pub(super) const PAGE: Kind =
    Kind { name: "a page", option: "--html", is_ours: |text| text.starts_with("<!doctype html"), is_public: false };
/// A document of [`ui::junit`].
pub(super) const JUNIT: Kind = Kind {
    name: "a JUnit file of wpp",
    option: "--junit",
    is_ours: |text| {
        text.starts_with("<?xml") && text.lines().nth(1).is_some_and(|line| line.starts_with("<testsuites name=\"wpp"))
    },
    is_public: false,
};
/// A document of [`ui::markdown`].
pub(super) const MARKDOWN: Kind = Kind {
    name: "a report of wpp",
    option: "--markdown",
    is_ours: |text| text.starts_with("# ") && text.lines().nth(2).is_some_and(|line| line.starts_with("Verdict: **")),
    is_public: false,
};
/// Metrics of [`ui::prometheus`].
pub(super) const METRICS: Kind = Kind {
    name: "a file of nothing but metrics of the doctor",
    option: "--textfile",
    is_ours: |text| {
        text.lines().all(|line| {
            let name = line.strip_prefix("# HELP ").or(line.strip_prefix("# TYPE ")).unwrap_or(line);
            name.is_empty() || name.starts_with("wpp_doctor_")
        })
    },
    // The collector runs as another user, and nothing in it is a secret.
    is_public: true,
};

/// Writes a file, or its text to standard output where the name is `-`.
///
/// # Errors
/// [`ErrorKind::Denied`] when something has the name that is not a file of this kind; it stays as it is.
/// [`ErrorKind::Usage`] when there is no such folder.
pub(super) fn write(path: &Path, text: &str, kind: &Kind) -> Result<()> {
    if path.as_os_str() == STANDARD_OUTPUT {
        return ui::page(text).map_err(|error| disk::cannot("write to", path, error));
    }
    may_write(path, kind)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let text = format!("{} cannot be written: its folder is not there", path.display());
        return Err(Error::new(ErrorKind::Usage, text).hint(format!("give {} a name in a folder that is there", kind.option)));
    }
    match kind.is_public {
        true => disk::write_atomic_for_all(path, text.as_bytes()),
        false => disk::write_atomic(path, text.as_bytes()),
    }
}

/// Whether [`write`] would replace nothing that is not of this kind: nothing has the name, or an empty file, or one
/// of ours.
pub(super) fn may_write(path: &Path, kind: &Kind) -> Result<()> {
    if path.as_os_str() == STANDARD_OUTPUT {
        return Ok(());
    }
    let shown = path.display();
    let Kind { name, option, is_ours, .. } = kind;
    let refused = |what: String| {
        let hint = format!("give {option} a name of its own, or - for standard output");
        Error::new(ErrorKind::Denied, format!("{shown} {what}, so it is not replaced")).hint(hint)
    };
    let there = match path.symlink_metadata() {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(disk::cannot("write", path, error)),
    };
    // Told by its name alone: to open a pipe would wait for whoever writes to it.
    if !there.is_file() {
        let what = match there {
            link if link.is_symlink() => "a link to something else",
            folder if folder.is_dir() => "a folder",
            device if device.is_char_device() || device.is_block_device() => "a device",
            _ => "a pipe or a socket",
        };
        return Err(refused(format!("is {what}")));
    }
    let content = match disk::read_small(path, SIZE_BYTES_MAX) {
        Ok(content) => content,
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => return Err(refused(format!("is not {name}"))),
        Err(error) => return Err(disk::cannot("read", path, error)),
    };
    match std::str::from_utf8(&content) {
        Ok(text) if text.is_empty() || is_ours(text) => Ok(()),
        _ => Err(refused(format!("is not {name}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_before_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let ours = [
            (&PAGE, "<!doctype html><title>x</title>"),
            (&JUNIT, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"wpp doctor\" tests=\"1\">\n</testsuites>\n"),
            (&MARKDOWN, "# main: fine\n\nVerdict: **pass**\n"),
            (&METRICS, "# HELP wpp_doctor_score x\nwpp_doctor_score 1\n"),
        ];
        for (kind, text) in ours {
            assert!(may_write(&path, kind).is_ok(), "nothing is there");
            write(&path, text, kind).unwrap();
            write(&path, text, kind).unwrap();
            for (other, other_text) in ours {
                assert_eq!(may_write(&path, other).is_ok(), text == other_text, "{} over {}", other.name, kind.name);
            }
            std::fs::write(&path, "somebody's notes").unwrap();
            let error = write(&path, text, kind).unwrap_err();
            assert_eq!((error.kind(), std::fs::read_to_string(&path).unwrap().as_str()), (ErrorKind::Denied, "somebody's notes"));
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn what_is_no_file_stays_what_it_is_and_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        std::os::unix::fs::symlink("nowhere", at("link")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        std::fs::write(at("binary"), [0xff, 0xfe]).unwrap();
        for name in ["pipe", "link", "folder", "binary"] {
            let before = at(name).symlink_metadata().unwrap();
            let error = write(&at(name), "# x\n\nVerdict: **pass**\n", &MARKDOWN).unwrap_err();
            assert!(error.kind() == ErrorKind::Denied && !error.hints().is_empty(), "{name}: {error}");
            let after = at(name).symlink_metadata().unwrap();
            assert_eq!(
                (before.file_type(), before.modified().unwrap()),
                (after.file_type(), after.modified().unwrap()),
                "{name}"
            );
        }
        assert!(!at("nowhere").exists());
    }
}
