//! What a machine lacks on which nothing was set up yet, and what to type then: a place for the home, or the sessions
//! whose archives are there already.

use std::path::Path;

use rustix::fs::Access;

use crate::archive::shelf;
use crate::disk;
use crate::doctor::{Examination, Scope};
use crate::error::{Error, ErrorKind};
use crate::report::{Evidence, Remedy, count, quoted};

/// The check that says that there is no session.
const NO_SESSION: &str = "wpp.home.default-session";

/// Why a home cannot be made, where it is yet to be made; `None` when it can.
pub(super) fn cannot_make(root: &Path) -> Option<Error> {
    let nearest = root.ancestors().find(|folder| folder.symlink_metadata().is_ok())?;
    let why = rustix::fs::access(nearest, Access::WRITE_OK | Access::EXEC_OK).err()?;
    let user = rustix::process::geteuid().as_raw();
    let (root, nearest) = (root.display().to_string(), nearest.display().to_string());
    let parent = quoted(&root);
    Some(
        Error::new(ErrorKind::Denied, format!("the home {root} cannot be made: user {user} may not write to {nearest} ({why})"))
            .hint(format!("name another folder with --home or WPP_HOME, or make this one for the user: `install -d -m 700 -o {user} {parent}` as root")),
    )
}

/// Where no session is and archives of some are, they are what to begin with.
pub(super) fn offer_archives(scope: &Scope, examination: &mut Examination) {
    let (Ok(home), true) = (&scope.home, scope.sessions.is_empty()) else { return };
    let Some(finding) = examination.findings.iter_mut().find(|finding| finding.id == NO_SESSION && finding.remedy.is_some())
    else {
        return;
    };
    if !home.session_names().is_ok_and(|names| names.is_empty()) {
        return;
    }
    // A folder that cannot be listed is told by the checks of archives.
    let files = disk::list(&home.backups()).unwrap_or_default();
    let names: Vec<&str> =
        files.iter().filter_map(|path| path.file_name()?.to_str()).filter(|name| shelf::is_archive(name)).collect();
    let Some(newest) = names.iter().filter_map(|name| shelf::named(name)).max_by_key(|named| (named.time, named.number)) else {
        return;
    };
    finding.evidence.push(Evidence::new(
        home.backups().display().to_string(),
        "the sessions that the archives are of",
        format!("{}, the newest of session {}", count(names.len() as u64, "archive", "archives"), newest.session),
    ));
    finding.remedy = Some(Box::new(Remedy {
        summary: "see what the newest archive would bring back, or make a new session with `wpp start`".into(),
        command: format!("{} restore latest --session {} --dry-run", scope.program, newest.session),
        fix: None,
    }));
}
