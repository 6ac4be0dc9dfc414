//! Options that say who can read archives, and what reads them. Flattened into the commands that
//! write and read archives.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::archive::destination::settings::Secret;
use crate::archive::seal::{self, Identities, Recipients};
use crate::error::{Error, ErrorKind, Result};

/// What encrypted archives are read with.
#[derive(Debug, Default, clap::Args)]
pub struct ReadKeys {
    /// File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    identity: Vec<PathBuf>,
    /// File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    passphrase_file: Option<PathBuf>,
}

impl ReadKeys {
    /// What was given. Asks for a passphrase, at a terminal, when an archive turns out to need one.
    pub fn identities(&self, app: &App) -> Result<Identities> {
        let mut identities = self.given(app)?;
        identities.set_ask(app.ask_secret().clone());
        Ok(identities)
    }

    /// What was given, and nothing is asked for: for commands that go through many archives.
    pub fn given(&self, app: &App) -> Result<Identities> {
        let mut identities = Identities::default();
        let passphrase = self.passphrase()?;
        for path in &self.identity {
            identities.add_file(path, &mut |what| match &passphrase {
                Some(passphrase) => Ok(passphrase.clone()),
                None => ask(app, what),
            })?;
        }
        if let Some(passphrase) = passphrase {
            identities.set_passphrase(passphrase);
        }
        Ok(identities)
    }

    fn passphrase(&self) -> Result<Option<Secret>> {
        match &self.passphrase_file {
            Some(path) => seal::passphrase_file(path).map(Some),
            None => seal::passphrase_variable(),
        }
    }
}

/// Who can read a new archive.
#[derive(Debug, Default, clap::Args)]
pub struct WriteKeys {
    /// Encrypt the archive to this age recipient (age1…); may be repeated [default: backup.recipients in config.toml]
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Vec<String>,
    /// Encrypt the archive to the age recipients in this file, one a line; may be repeated
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    recipients_file: Vec<PathBuf>,
    /// Encrypt the archive with a passphrase, which is asked for unless a file or a variable holds it
    #[arg(long, conflicts_with_all = ["recipient", "recipients_file"])]
    passphrase: bool,
}

impl WriteKeys {
    /// Who can read the archive, `None` for everybody, and what it is read back with here.
    ///
    /// Flags count more than settings. A passphrase in the environment counts when nothing else says
    /// who can read it: whoever set it did not mean plain archives.
    pub fn choose(&self, app: &App, read: &ReadKeys) -> Result<(Option<Recipients>, Identities)> {
        let mut identities = read.given(app)?;
        let files: Vec<&Path> = self.recipients_file.iter().map(PathBuf::as_path).collect();
        if !self.recipient.is_empty() || !files.is_empty() {
            if read.passphrase_file.is_some() && read.identity.is_empty() {
                return Err(Error::new(ErrorKind::Usage, "an archive is encrypted to recipients or with a passphrase, not both")
                    .hint("leave out --passphrase-file, or the recipients"));
            }
            return Ok((Some(Recipients::keys(self.recipient.iter().map(String::as_str), &files)?), identities));
        }
        let wanted = self.passphrase || (read.passphrase_file.is_some() && read.identity.is_empty());
        let configured: Vec<&str> = app.config().list("backup.recipients").collect();
        if !wanted && !configured.is_empty() {
            return Ok((Some(Recipients::keys(configured, &[])?), identities));
        }
        let passphrase = match read.passphrase()? {
            Some(passphrase) => passphrase,
            None if self.passphrase => {
                let first = ask(app, "passphrase for the archive")?;
                if ask(app, "the same once more")? != first {
                    return Err(Error::new(ErrorKind::Usage, "the two passphrases differ").hint("run the command again"));
                }
                first
            }
            None => return Ok((None, identities)),
        };
        identities.set_passphrase(passphrase.clone());
        Ok((Some(Recipients::passphrase(passphrase)), identities))
    }
}

fn ask(app: &App, what: &str) -> Result<Secret> {
    app.ask_secret()(what).filter(|secret| !secret.reveal().is_empty()).ok_or_else(|| {
        Error::new(ErrorKind::Declined, format!("nobody is there to answer: {what}?"))
            .hint("give --passphrase-file FILE, or set WPP_BACKUP_PASSPHRASE")
    })
}
