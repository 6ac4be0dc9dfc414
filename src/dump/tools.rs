//! The programs of PostgreSQL, and the account that a server runs as.
//!
//! Distributions keep `initdb` and `pg_ctl` out of the way of users, in a folder for each version, and the
//! server refuses to run as root. Start with [`Tools::find`].

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::process::{self, Ended, Ran, newest_postgres, on_path};

const LOOK_PATIENCE: Duration = Duration::from_secs(10);
/// What is kept of what a program says.
pub const SAID_BYTES_MAX: usize = 64 << 10;

/// Somebody who is not root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: String,
    /// User id.
    pub user_id: u32,
    /// Group id.
    pub group_id: u32,
}

/// Where the programs are, and who runs them.
#[derive(Debug, Clone)]
pub struct Tools {
    folder: Option<PathBuf>,
    /// Who runs the server; `None` for whoever runs this process.
    pub account: Option<Account>,
}

impl Tools {
    /// Finds the newest PostgreSQL of this machine, or the one in `folder`; for root, an account to run
    /// its server as: `account`, or one that is made for it.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`] when there is none: what was to be rehearsed was not.
    pub fn find(folder: &str, account: &str) -> Result<Tools> {
        let account = if rustix::process::geteuid().is_root() { Some(unprivileged(account)?) } else { None };
        Ok(Tools { account, ..Tools::clients(folder) })
    }

    /// The programs alone, for whoever talks to a server that runs already.
    pub fn clients(folder: &str) -> Tools {
        let folder = if folder.is_empty() { newest_postgres() } else { Some(PathBuf::from(folder)) };
        Tools { folder, account: None }
    }

    /// Whether a server can be made here.
    pub fn has_server(&self) -> bool {
        self.program("initdb").is_some() && self.program("pg_ctl").is_some()
    }

    /// Where a program is.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        match &self.folder {
            Some(folder) => Some(folder.join(name)).filter(|path| path.is_file()),
            None => on_path(name),
        }
    }

    /// A program with nothing of this process's environment but where programs are: what a dump makes a
    /// program do finds no key there.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`] when it is not there.
    pub fn command(&self, name: &str) -> Result<Command> {
        let program = self.program(name).ok_or_else(|| not_here(name))?;
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        // In C, messages are those that the documentation shows.
        command.env_clear().env("PATH", path).env("LC_ALL", "C").env("TZ", "UTC").env("HOME", "/nonexistent").current_dir("/");
        Ok(command)
    }

    /// As [`Tools::command`], run as the account of the server.
    pub fn command_as_account(&self, name: &str) -> Result<Command> {
        let mut command = self.command(name)?;
        if let Some(account) = &self.account {
            command.uid(account.user_id).gid(account.group_id);
        }
        Ok(command)
    }
}

/// The error for a program that is not there: nothing was checked.
pub fn not_here(name: &str) -> Error {
    Error::new(ErrorKind::Unknown, format!("{name} is not on this machine, so nothing could be checked"))
        .hint("install PostgreSQL's server and client programs (Debian: `apt-get install postgresql`), or name their folder in postgres.folder")
}

/// The account that a server runs as when this process is root's.
fn unprivileged(given: &str) -> Result<Account> {
    // What a dump makes the server run has the rights of its account: `postgres` may own a server that somebody
    // lives on, and comes second.
    let names: Vec<&str> = if given.is_empty() { vec!["nobody", "postgres"] } else { vec![given] };
    for name in &names {
        if let (Some(user_id), Some(group_id)) = (id("-u", name), id("-g", name)) {
            if user_id == 0 {
                return Err(Error::new(ErrorKind::Usage, format!("{name} is root, and PostgreSQL does not run as root"))
                    .hint("set postgres.account to an account without rights, such as nobody"));
            }
            return Ok(Account { name: (*name).to_owned(), user_id, group_id });
        }
    }
    Err(Error::new(ErrorKind::Usage, format!("there is no account {}", names.join(" and no account ")))
        .hint("PostgreSQL does not run as root: set postgres.account to an account without rights"))
}

fn id(what: &str, name: &str) -> Option<u32> {
    let ran = process::run(Command::new("id").args([what, "--", name]), &[], LOOK_PATIENCE, SAID_BYTES_MAX);
    matches!(ran.ended, Ended::Itself(status) if status.success()).then_some(())?;
    std::str::from_utf8(&ran.stdout.bytes).ok()?.trim().parse().ok()
}

/// What a program wrote, if it ended well; else an error with what it complained of.
pub fn said(name: &str, ran: Ran) -> Result<String> {
    let complaint = last_lines(&ran.stderr.bytes);
    let failed = |how: String| {
        let text = if complaint.is_empty() { how } else { format!("{how}: {complaint}") };
        Error::new(ErrorKind::Failed, text)
            .hint("what it complains of is in its own words; `wpp dump rehearse` keeps the server when it fails")
    };
    if let Some(error) = ran.input_error {
        return Err(failed(format!("what {name} was to read could not be read to its end ({error})")));
    }
    match ran.ended {
        Ended::Itself(status) if status.success() => Ok(String::from_utf8_lossy(&ran.stdout.bytes).into_owned()),
        Ended::Itself(status) => Err(failed(format!("{name} ended with {status}"))),
        Ended::NotStarted(error) if error.kind() == std::io::ErrorKind::NotFound => Err(not_here(name)),
        Ended::NotStarted(error) => Err(Error::new(ErrorKind::Unknown, format!("{name} could not be started"))
            .caused_by(error)
            .hint("check that this user may run it")),
        Ended::NotSeen(error) => Err(failed(format!("{name} could not be waited for ({error})"))),
        Ended::Killed => Err(failed(format!("{name} was stopped: it took too long, or was interrupted"))),
    }
}

/// The last words of a program, in one line.
fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(6);
    lines[from..].join(" / ").chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Gives a file or folder to an account.
pub fn give(path: &Path, account: Option<&Account>) -> Result<()> {
    let Some(account) = account else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(account.user_id), Some(account.group_id))
        .map_err(|error| crate::disk::cannot(&format!("give to {}", account.name), path, error))
}
