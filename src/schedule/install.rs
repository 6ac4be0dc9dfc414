//! Makes something call `wpp schedule run` every minute: a timer of the user's systemd, or a line of the
//! user's crontab. Each home has its own, under a name made of the home's path. Start with [`Caller`].
//!
//! Texts are made purely ([`Caller::service`], [`Caller::timer`], [`Caller::cron_line`], [`with_line`]);
//! `systemctl` and `crontab` are run by their names, from PATH.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::process::{self, Ended};
use crate::report::quoted;

const PATIENCE: Duration = Duration::from_secs(30);
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// What is called every minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// This program's own file.
    pub program: PathBuf,
    /// The home.
    pub home: PathBuf,
}

/// What was done, in sentences.
pub type Done = Vec<String>;

impl Caller {
    /// The name of the units: another one for each home.
    pub fn unit(&self) -> String {
        let hash = hex::encode(Sha256::digest(self.home.as_os_str().as_encoded_bytes()));
        format!("wpp-schedule-{}", &hash[..8])
    }

    /// The service's unit file.
    pub fn service(&self) -> String {
        let program = self.program.display().to_string();
        let home = self.home.display().to_string();
        // A unit of the user's own manager: what needs the system's, such as a private /tmp, is left out,
        // and so is what forbids to compile plugins (MemoryDenyWriteExecute).
        format!(
            "# Made by `wpp schedule install --systemd`; `--remove` takes it away.\n\
             [Unit]\n\
             Description=wpp: run what is due ({})\n\
             \n\
             [Service]\n\
             Type=oneshot\n\
             ExecStart={} --home {} schedule run --quiet\n\
             # A daemon that a run has started or restarted stays when the run is over.\n\
             KillMode=process\n\
             # What still runs when the service is stopped gets time to end.\n\
             TimeoutStopSec=5min\n\
             Nice=5\n\
             UMask=0077\n\
             NoNewPrivileges=yes\n\
             LockPersonality=yes\n\
             RestrictRealtime=yes\n\
             RestrictSUIDSGID=yes\n\
             SystemCallArchitectures=native\n",
            home.replace('%', "%%").replace(char::is_control, " "),
            unit_word(&program),
            unit_word(&home)
        )
    }

    /// The timer's unit file.
    pub fn timer(&self) -> String {
        format!(
            "# Made by `wpp schedule install --systemd`; `--remove` takes it away.\n\
             [Unit]\n\
             Description=wpp: look every minute for what is due\n\
             \n\
             [Timer]\n\
             OnCalendar=*-*-* *:*:00\n\
             AccuracySec=1s\n\
             # wpp itself knows what was missed.\n\
             Persistent=false\n\
             Unit={}.service\n\
             \n\
             [Install]\n\
             WantedBy=timers.target\n",
            self.unit()
        )
    }

    /// What ends the crontab's line of this home.
    fn mark(&self) -> String {
        format!("# {}", self.unit())
    }

    /// The crontab's line.
    pub fn cron_line(&self) -> String {
        let words = [&self.program, &self.home].map(|path| quoted(&path.display().to_string()).replace('%', "\\%"));
        format!("* * * * * {} --home {} schedule run --quiet {}", words[0], words[1], self.mark())
    }

    /// Writes the units into the folder and has systemd use them.
    pub fn install_systemd(&self, folder: &Path) -> Result<Done> {
        disk::create_folder(folder)?;
        let mut done = Vec::new();
        for (ending, text) in [("service", self.service()), ("timer", self.timer())] {
            let path = folder.join(format!("{}.{ending}", self.unit()));
            disk::write_atomic(&path, text.as_bytes())?;
            done.push(format!("wrote {}", path.display()));
        }
        systemctl(&["daemon-reload"])?;
        let timer = format!("{}.timer", self.unit());
        systemctl(&["enable", "--now", &timer])?;
        done.push(format!("systemd starts {timer} every minute"));
        Ok(done)
    }

    /// Has systemd stop, and removes the units.
    pub fn remove_systemd(&self, folder: &Path) -> Result<Done> {
        let timer = format!("{}.timer", self.unit());
        let paths = ["service", "timer"].map(|ending| folder.join(format!("{}.{ending}", self.unit())));
        if paths.iter().all(|path| !path.exists()) {
            return Ok(vec![format!("there is no {timer} in {}", folder.display())]);
        }
        systemctl(&["disable", "--now", &timer])?;
        let mut done = vec![format!("systemd no longer starts {timer}")];
        for path in paths.iter().filter(|path| path.exists()) {
            disk::remove_file(path)?;
            done.push(format!("removed {}", path.display()));
        }
        systemctl(&["daemon-reload"])?;
        Ok(done)
    }

    /// Adds the line to the user's crontab, in the place of an older one of this home.
    pub fn install_cron(&self) -> Result<Done> {
        let before = crontab()?;
        let after = with_line(&before, &self.mark(), Some(&self.cron_line()));
        if before == after {
            return Ok(vec!["the crontab has the line already".into()]);
        }
        write_crontab(&after)?;
        Ok(vec![format!("added to the crontab: {}", self.cron_line())])
    }

    /// Removes the line of this home from the user's crontab.
    pub fn remove_cron(&self) -> Result<Done> {
        let before = crontab()?;
        let after = with_line(&before, &self.mark(), None);
        if before == after {
            return Ok(vec!["the crontab has no line of this home".into()]);
        }
        write_crontab(&after)?;
        Ok(vec!["removed the line of this home from the crontab".into()])
    }
}

/// The folder of the user's own units: `$XDG_CONFIG_HOME/systemd/user`, else `~/.config/systemd/user`.
pub fn unit_folder() -> Result<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
    base.map(|base| base.join("systemd/user")).ok_or_else(|| {
        Error::new(ErrorKind::Usage, "cannot tell where the user's systemd units are: HOME is not set")
            .hint("set HOME, or use --print and put the units where they belong")
    })
}

/// A crontab without the line that ends with a mark, or with another one in its place.
pub fn with_line(crontab: &str, mark: &str, line: Option<&str>) -> String {
    let mut lines: Vec<&str> = crontab.lines().filter(|line| !line.trim_end().ends_with(mark)).collect();
    lines.extend(line);
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// A word of `ExecStart=`.
fn unit_word(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{escaped}\"")
}

/// What a program that is run here wrote to its standard output, or why it did not do its work.
fn called(program: &str, arguments: &[&str], input: &str) -> std::result::Result<String, Error> {
    let ran = process::run(Command::new(program).args(arguments), input.as_bytes(), PATIENCE, OUTPUT_BYTES_MAX);
    let stderr = String::from_utf8_lossy(&ran.stderr.bytes).trim().to_owned();
    let line = format!("{program} {}", arguments.join(" "));
    let failed = |why: String| Error::new(ErrorKind::Unexpected, format!("`{line}` did not do its work: {why}"));
    match ran.ended {
        Ended::Itself(status) if status.success() && !ran.stdout.more => {
            Ok(String::from_utf8_lossy(&ran.stdout.bytes).into_owned())
        }
        Ended::Itself(_) if ran.stdout.more => Err(failed("it wrote more than can be kept".into())),
        Ended::Itself(status) => Err(failed(format!("{status}: {stderr}"))),
        ended => Err(failed(ended.observed(PATIENCE))),
    }
    .map_err(|error| error.hint("`wpp schedule install --print` shows what is to be put where, to do it by hand"))
}

fn systemctl(arguments: &[&str]) -> Result<()> {
    let all: Vec<&str> = ["--user"].iter().chain(arguments).copied().collect();
    called("systemctl", &all, "").map(drop)
}

/// The user's crontab; empty when there is none.
fn crontab() -> Result<String> {
    match called("crontab", &["-l"], "") {
        Ok(text) => Ok(text),
        // Every crontab says it like this. Anything else may be a crontab that could not be read, and
        // writing another would lose it.
        Err(error) if error.message().to_lowercase().contains("no crontab") => Ok(String::new()),
        Err(error) => Err(error),
    }
}

fn write_crontab(text: &str) -> Result<()> {
    called("crontab", &["-"], text).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_replaces_its_own_and_leaves_all_others() {
        let caller = Caller { program: "/opt/wpp".into(), home: "/home/o/.wpp".into() };
        let others = "MAILTO=me\n# a comment\n5 4 * * * /bin/true\n";
        let with = with_line(others, &caller.mark(), Some(&caller.cron_line()));
        assert_eq!(with, format!("{others}{}\n", caller.cron_line()));
        assert_eq!(with_line(&with, &caller.mark(), Some(&caller.cron_line())), with);
        assert_eq!(with_line(&with, &caller.mark(), None), others);
        let other = Caller { home: "/srv/wpp".into(), ..caller.clone() };
        let both = with_line(&with, &other.mark(), Some(&other.cron_line()));
        assert_eq!(with_line(&both, &caller.mark(), None), format!("{others}{}\n", other.cron_line()));
        assert_eq!(with_line("", &caller.mark(), None), "");
    }

    #[test]
    fn odd_paths_are_one_word_for_cron_and_for_systemd() {
        let caller = Caller { program: "/opt/w p".into(), home: "/ho%me/$x/it's".into() };
        let line = caller.cron_line();
        assert!(
            line.starts_with("* * * * * '/opt/w p' --home '/ho\\%me/$x/it'\\''s' schedule run --quiet # wpp-schedule-"),
            "{line}"
        );
        let service = caller.service();
        assert!(service.contains("ExecStart=\"/opt/w p\" --home \"/ho%%me/$$x/it's\" schedule run --quiet\n"), "{service}");
        assert!(caller.timer().contains(&format!("Unit={}.service", caller.unit())));
    }
}
