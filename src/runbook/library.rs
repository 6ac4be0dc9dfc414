//! Where runbooks come from: those that `wpp` brings, the operator's own, and files that are named.
//!
//! Start with [`Library::open`].

use std::path::{Path, PathBuf};

use super::parse::{Runbook, SIZE_BYTES_MAX};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::Home;
use crate::report::quoted;

/// The runbooks that `wpp` brings: id and text. A test holds that these are the files of `runbooks/`.
pub const SHIPPED: &[(&str, &str)] = &[
    ("alert-matrix", include_str!("../../runbooks/alert-matrix.md")),
    ("auth-required", include_str!("../../runbooks/auth-required.md")),
    ("baileys-image-rollback", include_str!("../../runbooks/baileys-image-rollback.md")),
    ("banned", include_str!("../../runbooks/drills/banned.md")),
    ("capacity", include_str!("../../runbooks/capacity.md")),
    ("certificate-renewal", include_str!("../../runbooks/certificate-renewal.md")),
    ("client-outdated", include_str!("../../runbooks/drills/client-outdated.md")),
    ("clock-jump", include_str!("../../runbooks/drills/clock-jump.md")),
    ("connector-connect-account", include_str!("../../runbooks/connector-connect-account.md")),
    ("connector-environment", include_str!("../../runbooks/connector-environment.md")),
    ("connector-health", include_str!("../../runbooks/connector-health.md")),
    ("connector-heartbeat", include_str!("../../runbooks/connector-heartbeat.md")),
    ("connector-ingest", include_str!("../../runbooks/connector-ingest.md")),
    ("connector-permissions", include_str!("../../runbooks/connector-permissions.md")),
    ("connector-qr-missing", include_str!("../../runbooks/connector-qr-missing.md")),
    ("connector-volume", include_str!("../../runbooks/connector-volume.md")),
    ("contacts", include_str!("../../runbooks/contacts.md")),
    ("corrupt-messages", include_str!("../../runbooks/drills/corrupt-messages.md")),
    ("corrupt-store", include_str!("../../runbooks/drills/corrupt-store.md")),
    ("database-busy", include_str!("../../runbooks/drills/database-busy.md")),
    ("device-name", include_str!("../../runbooks/device-name.md")),
    ("disk-space", include_str!("../../runbooks/disk-space.md")),
    ("freeze-daemon", include_str!("../../runbooks/drills/freeze-daemon.md")),
    ("full-disk", include_str!("../../runbooks/drills/full-disk.md")),
    ("inspection", include_str!("../../runbooks/inspection.md")),
    ("jarvis-decision-tree", include_str!("../../runbooks/jarvis-decision-tree.md")),
    ("jarvis-deploy", include_str!("../../runbooks/jarvis-deploy.md")),
    ("jarvis-github-sync", include_str!("../../runbooks/jarvis-github-sync.md")),
    ("jarvis-lockdown", include_str!("../../runbooks/jarvis-lockdown.md")),
    ("jarvis-maintenance", include_str!("../../runbooks/jarvis-maintenance.md")),
    ("jarvis-media", include_str!("../../runbooks/jarvis-media.md")),
    ("jarvis-memory-conflicts", include_str!("../../runbooks/jarvis-memory-conflicts.md")),
    ("jarvis-memory-review", include_str!("../../runbooks/jarvis-memory-review.md")),
    ("jarvis-memory-rollback", include_str!("../../runbooks/jarvis-memory-rollback.md")),
    ("jarvis-outage-evidence", include_str!("../../runbooks/jarvis-outage-evidence.md")),
    ("jarvis-rbac", include_str!("../../runbooks/jarvis-rbac.md")),
    ("jarvis-release-evidence", include_str!("../../runbooks/jarvis-release-evidence.md")),
    ("jarvis-restart", include_str!("../../runbooks/jarvis-restart.md")),
    ("jarvis-scheduler", include_str!("../../runbooks/jarvis-scheduler.md")),
    ("jarvis-secret-rotation", include_str!("../../runbooks/jarvis-secret-rotation.md")),
    ("jarvis-self-update", include_str!("../../runbooks/jarvis-self-update.md")),
    ("jarvis-setup-smoke", include_str!("../../runbooks/jarvis-setup-smoke.md")),
    ("jarvis-start", include_str!("../../runbooks/jarvis-start.md")),
    ("jarvis-web-install", include_str!("../../runbooks/jarvis-web-install.md")),
    ("jarvis-web-ui", include_str!("../../runbooks/jarvis-web-ui.md")),
    ("kill-daemon", include_str!("../../runbooks/drills/kill-daemon.md")),
    ("lock-contention", include_str!("../../runbooks/lock-contention.md")),
    ("lock-held", include_str!("../../runbooks/drills/lock-held.md")),
    ("logged-out", include_str!("../../runbooks/drills/logged-out.md")),
    ("lost-acks", include_str!("../../runbooks/drills/lost-acks.md")),
    ("main-device-gone", include_str!("../../runbooks/drills/main-device-gone.md")),
    ("monthly-restore", include_str!("../../runbooks/drills/monthly-restore.md")),
    ("openwa-database-backup", include_str!("../../runbooks/openwa-database-backup.md")),
    ("openwa-high-memory", include_str!("../../runbooks/openwa-high-memory.md")),
    ("openwa-restore", include_str!("../../runbooks/openwa-restore.md")),
    ("openwa-scheduled-maintenance", include_str!("../../runbooks/openwa-scheduled-maintenance.md")),
    ("openwa-service-down", include_str!("../../runbooks/openwa-service-down.md")),
    ("openwa-session-disconnected", include_str!("../../runbooks/openwa-session-disconnected.md")),
    ("openwa-version-upgrade", include_str!("../../runbooks/openwa-version-upgrade.md")),
    ("openwa-webhook-failure", include_str!("../../runbooks/openwa-webhook-failure.md")),
    ("passkey", include_str!("../../runbooks/drills/passkey.md")),
    ("re-authentication", include_str!("../../runbooks/re-authentication.md")),
    ("reconnect-loop", include_str!("../../runbooks/reconnect-loop.md")),
    ("reset", include_str!("../../runbooks/reset.md")),
    ("restart", include_str!("../../runbooks/restart.md")),
    ("search-degraded", include_str!("../../runbooks/search-degraded.md")),
    ("search-lost", include_str!("../../runbooks/drills/search-lost.md")),
    ("security-hygiene", include_str!("../../runbooks/security-hygiene.md")),
    ("silent", include_str!("../../runbooks/drills/silent.md")),
    ("slow-network", include_str!("../../runbooks/drills/slow-network.md")),
    ("smoke", include_str!("../../runbooks/drills/smoke.md")),
    ("socket-left", include_str!("../../runbooks/drills/socket-left.md")),
    ("stale-socket", include_str!("../../runbooks/stale-socket.md")),
    ("start-daemon", include_str!("../../runbooks/start-daemon.md")),
    ("start-daily", include_str!("../../runbooks/start-daily.md")),
    ("start-inspect", include_str!("../../runbooks/start-inspect.md")),
    ("stream-lost", include_str!("../../runbooks/stream-lost.md")),
    ("stream-replaced", include_str!("../../runbooks/drills/stream-replaced.md")),
    ("unavailable", include_str!("../../runbooks/drills/unavailable.md")),
    ("weekly-qr-relogin", include_str!("../../runbooks/drills/weekly-qr-relogin.md")),
];

/// Where a text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In this program.
    Shipped,
    /// In a file.
    File(PathBuf),
}

impl Origin {
    /// As it is shown: `wpp`, or the file's path.
    pub fn describe(&self) -> String {
        match self {
            Origin::Shipped => "wpp".to_owned(),
            Origin::File(path) => path.display().to_string(),
        }
    }
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The id that its place gives it: the file's name without its ending.
    pub id: String,
    /// Where it stands.
    pub origin: Origin,
    /// What it says.
    pub text: String,
}

impl Text {
    /// What a place in it is called: `restart.md`, or the file's path.
    pub fn file(&self) -> String {
        match &self.origin {
            Origin::Shipped => format!("{}.md", self.id),
            Origin::File(path) => path.display().to_string(),
        }
    }

    /// How it is named on a command line, as one word of that.
    pub fn named(&self) -> String {
        match &self.origin {
            Origin::Shipped => self.id.clone(),
            Origin::File(path) => quoted(&path.display().to_string()),
        }
    }

    /// The text as a runbook.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when what stands in front cannot be read.
    pub fn runbook(&self) -> Result<Runbook> {
        Runbook::parse(&self.text).map(|(runbook, _)| runbook).map_err(|problems| {
            let first =
                problems.first().map_or_else(String::new, |first| format!("{}:{}: {}", self.file(), first.line, first.message));
            Error::new(ErrorKind::Usage, format!("{} is no runbook: {first}", self.id))
                .hint(format!("`wpp runbook lint {}` lists all that is wrong with it; move it away if it is none", self.named()))
        })
    }
}

/// A file of the operator's that is no text: its id is known, and why it cannot be had.
#[derive(Debug)]
pub struct Broken {
    /// The id that its place gives it.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: Error,
}

/// All that can be named by an id.
#[derive(Debug, Default)]
pub struct Library {
    texts: Vec<Text>,
    broken: Vec<Broken>,
}

impl Library {
    /// The shipped ones and the operator's own. A file that cannot be read, and one with the id of a shipped
    /// one, of which neither may hide the other, keep no other from being found: see [`Library::broken`].
    pub fn open(home: &Home) -> Result<Library> {
        let mut texts: Vec<Text> = SHIPPED
            .iter()
            .map(|(id, text)| Text { id: (*id).to_owned(), origin: Origin::Shipped, text: (*text).to_owned() })
            .collect();
        let mut broken = Vec::new();
        let folder = home.runbooks();
        let mut paths = if folder.is_dir() { disk::list(&folder)? } else { Vec::new() };
        paths.sort();
        for path in paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
            let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let own = read(&path).and_then(|own| match SHIPPED.iter().any(|(id, _)| *id == own.id) {
                false => Ok(own),
                true => Err(Error::new(ErrorKind::Usage, format!("{} has the id of a runbook that wpp brings", path.display()))
                    .hint(format!("give the file and its `id` another name, such as own-{}", own.id))),
            });
            match own {
                Ok(own) => texts.push(own),
                Err(error) => broken.push(Broken { id, path, error }),
            }
        }
        texts.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Library { texts, broken })
    }

    /// The operator's files that cannot be had, by their ids.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// Every text, by its id.
    pub fn texts(&self) -> &[Text] {
        &self.texts
    }

    /// The text with an id, or in the file of a path: whatever has a `/` or ends with `.md`.
    pub fn find(&self, named: &str) -> Result<Text> {
        if named.contains('/') || named.ends_with(".md") {
            return read(Path::new(named));
        }
        if let Some(broken) = self.broken.iter().find(|broken| broken.id == named) {
            let said = Error::new(broken.error.kind(), broken.error.chain());
            let said = broken.error.hints().iter().fold(said, |said, hint| said.hint(hint));
            return Err(said.hint(format!("mend or remove {}; `wpp runbook list` shows the others", broken.path.display())));
        }
        if let Some(text) = self.texts.iter().find(|text| text.id == named) {
            return Ok(text.clone());
        }
        let near = self.texts.iter().map(|text| (strsim::jaro_winkler(&text.id, named), text)).filter(|(near, _)| *near > 0.8);
        let nearest = near.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let error = Error::new(ErrorKind::Usage, format!("there is no runbook {named}"));
        Err(match nearest {
            Some((_, text)) => error.hint(format!("did you mean {}?", text.id)),
            None => error,
        }
        .hint("`wpp runbook list` lists them; a file is named by its path, such as ./mine.md"))
    }
}

/// Reads one file.
pub fn read(path: &Path) -> Result<Text> {
    let path = std::path::absolute(path).map_err(|error| disk::cannot("read", path, error))?;
    let bytes = disk::read_small(&path, SIZE_BYTES_MAX).map_err(|error| disk::cannot("read", &path, error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::new(ErrorKind::Usage, format!("{} is not UTF-8", path.display())).hint("a runbook is a text file of Markdown")
    })?;
    let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    Ok(Text { id, origin: Origin::File(path), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_ones_are_the_files_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
        let mut there = Vec::new();
        for folder in [folder.clone(), folder.join("drills")] {
            let paths = if folder.is_dir() { disk::list(&folder).unwrap() } else { Vec::new() };
            let files = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md"));
            there.extend(files.map(|path| read(path).unwrap()).map(|text| (text.id, text.text)));
        }
        there.sort();
        let mut shipped: Vec<_> = SHIPPED.iter().map(|(id, text)| ((*id).to_owned(), (*text).to_owned())).collect();
        shipped.sort();
        assert!(there == shipped, "SHIPPED must list exactly: {:?}", there.iter().map(|(id, _)| id).collect::<Vec<_>>());
    }

    #[test]
    fn own_ones_are_found_and_hide_none() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        std::fs::create_dir(home.runbooks()).unwrap();
        std::fs::write(home.runbooks().join("mine.md"), "x").unwrap();
        let library = Library::open(&home).unwrap();
        assert_eq!(library.find("mine").unwrap().text, "x");
        assert_eq!(library.find(home.runbooks().join("mine.md").to_str().unwrap()).unwrap().id, "mine");
        assert!(library.find("restrat").unwrap_err().hints()[0].contains("restart"));
        std::fs::write(home.runbooks().join("restart.md"), "x").unwrap();
        let library = Library::open(&home).unwrap();
        assert_eq!(library.find("restart").unwrap_err().kind(), ErrorKind::Usage, "neither hides the other");
        assert!(library.find("mine").is_ok() && library.find("reset").is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_by_its_id_and_keeps_no_other_from_being_found() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        std::fs::create_dir(home.runbooks()).unwrap();
        let at = |name: &str| home.runbooks().join(name);
        std::fs::write(at("mine.md"), "x").unwrap();
        std::os::unix::fs::symlink("/no/such/file", at("dangling.md")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe.md"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        std::fs::write(at("latin.md"), [0xe9, 0x0a]).unwrap();
        std::fs::write(at("large.md"), "x".repeat(usize::try_from(SIZE_BYTES_MAX).unwrap() + 1)).unwrap();
        std::fs::create_dir(at("folder.md")).unwrap();
        let library = Library::open(&home).unwrap();
        assert!(library.find("mine").is_ok() && library.find("restart").is_ok());
        for id in ["dangling", "pipe", "latin", "large", "folder"] {
            let error = library.find(id).unwrap_err();
            assert!(error.message().contains(&format!("{id}.md")) && !error.hints().is_empty(), "{error}");
        }
        assert_eq!(library.broken().len(), 5);
    }
}
