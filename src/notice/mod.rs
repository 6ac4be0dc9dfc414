//! Telling others how a backup went: a file of metrics, a dead-man switch, a program that is run on
//! failure. None of them changes the verdict of the backup; what goes wrong here is a warning of its
//! own.
//!
//! Start with [`Notices::of`], then [`Notices::begin`] and [`Begun::end`].

pub mod hook;
pub mod ping;
pub mod textfile;

use std::path::PathBuf;

use serde::Serialize;

use self::ping::{Moment, Ping};
use crate::clock::{self, Stopwatch, Timestamp};
use crate::config::Config;
use crate::home::HomeKind;
use crate::journal::Journal;

/// Who is to be told.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    /// The file of metrics.
    pub textfile: Option<PathBuf>,
    /// The dead-man switch, or why it is not called.
    pub ping: Option<Result<Ping, String>>,
    /// The program that is run on failure, and its arguments.
    pub on_failure: Vec<String>,
}

impl Notices {
    /// What the settings of a home say; `textfile` takes the place of the setting.
    pub fn of(config: &Config, home_kind: HomeKind, textfile: Option<PathBuf>) -> Notices {
        let text = |path| Some(config.text(path)).filter(|text| !text.is_empty());
        Notices {
            textfile: textfile.or_else(|| text("backup.textfile").map(PathBuf::from)),
            ping: text("backup.ping_url").map(|url| Ping::parse(url, home_kind)),
            on_failure: config.command("backup.on_failure"),
        }
    }

    /// Tells that the backup of a session to a folder or an address begins, without waiting for anybody's answer.
    pub fn begin(self, session: &str, destination: &str) -> Begun {
        let ping = match &self.ping {
            Some(Ok(ping)) => Some(ping.clone()),
            _ => None,
        };
        let started = ping.map(|ping| std::thread::spawn(move || ping.send(Moment::Start, "")));
        Begun {
            notices: self,
            session: session.to_owned(),
            destination: destination.to_owned(),
            began: clock::now(),
            watch: Stopwatch::start(),
            started,
        }
    }
}

/// A backup that was told to have begun.
pub struct Begun {
    notices: Notices,
    session: String,
    destination: String,
    began: Timestamp,
    watch: Stopwatch,
    started: Option<std::thread::JoinHandle<Result<ping::Sent, String>>>,
}

/// How a backup ended, as others are told.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending<'a> {
    /// What the command exits with.
    pub exit_code: u8,
    /// The archive's size, if one was made.
    pub size_bytes: Option<u64>,
    /// The report or the error, as `--format json` writes it.
    pub document: &'a str,
}

/// What became of one notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// `textfile`, `ping` or `hook`.
    pub by: &'static str,
    /// The file, the origin of the address, or the program.
    pub to: String,
    /// Whether it worked.
    pub ok: bool,
    /// What was seen.
    pub observed: String,
    /// What the program wrote.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub output: String,
}

impl Told {
    /// What went wrong, if something did.
    pub fn warning(&self) -> Option<String> {
        let what = match self.by {
            "textfile" => "the metrics could not be written to",
            "ping" => "the backup could not be told to",
            _ => "the program for failed backups did not do its work:",
        };
        (!self.ok).then(|| format!("{what} {}: {}", self.to, self.observed))
    }
}

impl Begun {
    /// Tells how it ended; says what became of that. The journal, if there is one, knows the last
    /// backup that was good.
    pub fn end(self, ending: &Ending<'_>, journal: Option<&Journal>) -> Vec<Told> {
        let Begun { notices, session, destination, began, watch, started } = self;
        let mut told = Vec::new();
        let took = watch.elapsed();
        if let Some(path) = &notices.textfile {
            let attempt =
                textfile::Attempt { session: &session, destination: &destination, began, took, exit_code: ending.exit_code };
            let written = textfile::write(path, &attempt, journal);
            let observed = written.as_ref().map_or_else(crate::error::Error::chain, |()| "written".into());
            told.push(Told {
                by: "textfile",
                to: path.display().to_string(),
                ok: written.is_ok(),
                observed,
                output: String::new(),
            });
        }
        match notices.ping {
            None => {}
            Some(Err(reason)) => {
                told.push(Told { by: "ping", to: "backup.ping_url".into(), ok: false, observed: reason, output: String::new() })
            }
            Some(Ok(ping)) => {
                let to = ping.origin().to_owned();
                let say = |moment: Moment, result: Result<ping::Sent, String>| {
                    let ok = result.is_ok();
                    let observed = match result {
                        Ok(sent) => format!("{}: {}", moment.name(), sent.describe()),
                        Err(reason) => format!("{}: {reason}", moment.name()),
                    };
                    Told { by: "ping", to: to.clone(), ok, observed, output: String::new() }
                };
                // A thread that panicked has told nobody.
                let result = started.map(|thread| thread.join().unwrap_or_else(|_| Err("the call was cut off".into())));
                told.extend(result.map(|result| say(Moment::Start, result)));
                let moment = if ending.exit_code == 0 { Moment::Success } else { Moment::Failure };
                let size = ending.size_bytes.map_or(String::new(), |bytes| format!(" size_bytes={bytes}"));
                // Neither paths nor messages: whoever runs the switch is somebody else.
                let body = format!("exit_code={} took_ms={}{size}\n", ending.exit_code, took.as_millis());
                let result = ping.send(moment, &body);
                told.push(say(moment, result));
            }
        }
        if ending.exit_code != 0 && !notices.on_failure.is_empty() {
            told.push(hook::run(&notices.on_failure, ending.document, hook::PATIENCE));
        }
        told
    }
}
