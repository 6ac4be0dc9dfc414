//! The composition root: what a command needs, built when it is first asked for.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Config;
use crate::confirm::Confirmed;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, HomeKind, SessionPaths};
use crate::journal::Journal;
use crate::report::{Event, Sink};
use crate::session::SessionId;

/// Asks the operator a question; `None` when nobody is there to answer.
pub type Ask = dyn Fn(&str) -> Option<String> + Send + Sync;

/// How an [`App`] is to be built: what the command line and the environment say.
pub struct Settings {
    /// `--home`.
    pub home: Option<PathBuf>,
    /// `--session`.
    pub session: Option<String>,
    /// The environment, `WPP_*` and `HOME` alone.
    pub environment: BTreeMap<String, String>,
    /// Takes events.
    pub sink: Arc<dyn Sink>,
    /// Asks questions.
    pub ask: Arc<Ask>,
}

/// Everything that a command may use.
pub struct App {
    home: Home,
    config: Config,
    environment: BTreeMap<String, String>,
    sink: Arc<dyn Sink>,
    ask: Arc<Ask>,
    journal: OnceCell<Journal>,
    program: OnceCell<PathBuf>,
}

impl App {
    /// Finds the home and reads the settings; opens nothing else.
    pub fn new(settings: Settings) -> Result<App> {
        let Settings { home, session, environment, sink, ask } = settings;
        let root = match (home, environment.get("WPP_HOME"), environment.get("HOME")) {
            (Some(root), _, _) => root,
            (None, Some(root), _) if !root.is_empty() => PathBuf::from(root),
            (None, _, Some(user)) if !user.is_empty() => PathBuf::from(user).join(".wpp"),
            _ => {
                return Err(Error::new(ErrorKind::Usage, "cannot tell where the home is: neither HOME nor WPP_HOME is set")
                    .hint("give --home FOLDER or set WPP_HOME"));
            }
        };
        let home = Home::open(&root)?;
        let mut config = Config::load(&home.config(), &environment)?;
        if let Some(session) = session {
            let id: SessionId = session.parse()?;
            if let Some(channel) = id.channel() {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!("the session {id} belongs to the gateway {channel}, and no plugin for it is installed"),
                )
                .hint("name a session of this host, without a colon"));
            }
            config.set_flag("default_session", id.name())?;
        }
        if let (HomeKind::Sandbox, Some(plan)) = (home.kind(), environment.get("WPP_DISK_FAULT")) {
            crate::disk::faults::arm(plan)?;
        }
        Ok(App { home, config, environment, sink, ask, journal: OnceCell::new(), program: OnceCell::new() })
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// `WPP_*` and `HOME`.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Where events go.
    pub fn sink(&self) -> &Arc<dyn Sink> {
        &self.sink
    }

    /// Emits one event.
    pub fn emit(&self, event: Event) {
        self.sink.emit(event);
    }

    /// The journal, made with the home if it is not there.
    pub fn journal(&self) -> Result<&Journal> {
        if self.journal.get().is_none() {
            self.home.ensure()?;
            let journal = Journal::open(&self.home.journal())?;
            let _ = self.journal.set(journal);
        }
        self.journal
            .get()
            .ok_or_else(|| Error::new(ErrorKind::Unexpected, "the journal was not kept").hint("report this as a bug of wpp"))
    }

    /// The chosen session, which may not exist yet.
    pub fn session(&self) -> SessionPaths {
        self.home.session(self.config.text("default_session"))
    }

    /// The chosen session, which must exist.
    pub fn existing_session(&self) -> Result<SessionPaths> {
        let session = self.session();
        if session.exists() {
            return Ok(session);
        }
        let names = self.home.session_names()?;
        let error =
            Error::new(ErrorKind::NoSession, format!("there is no session {} in {}", session.name(), self.home.root().display()));
        Err(if names.is_empty() {
            error.hint(format!("make it with `wpp start --session {}`", session.name()))
        } else {
            error.hint(format!("sessions here: {}", names.join(", ")))
        })
    }

    /// This program's own file, which also is the daemon.
    pub fn program(&self) -> Result<&std::path::Path> {
        if let Some(program) = self.program.get() {
            return Ok(program);
        }
        let program = std::env::current_exe().while_doing(|| "cannot find wpp's own program file".into())?;
        Ok(self.program.get_or_init(|| program))
    }

    /// Where archives go.
    pub fn backups(&self) -> PathBuf {
        match self.config.text("backup.folder") {
            "" => self.home.backups(),
            folder => PathBuf::from(folder),
        }
    }

    /// Lets the operator agree to `question`, or takes `--yes` for it.
    pub fn confirm(&self, yes: bool, question: &str) -> Result<Confirmed> {
        if let Some(confirmed) = Confirmed::by_flag(yes) {
            return Ok(confirmed);
        }
        match (self.ask)(question) {
            None => Err(Error::new(ErrorKind::Declined, format!("nobody is there to answer: {question}"))
                .hint("give --yes to agree in advance, or --dry-run to see what would be done")),
            Some(answer) => Confirmed::by_answer(&answer).ok_or_else(|| {
                Error::new(ErrorKind::Declined, "declined; nothing was changed").hint("run it again and answer yes to go on")
            }),
        }
    }
}
