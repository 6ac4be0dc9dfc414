//! The composition root: what a command needs, built when it is first asked for.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::archive::destination::Destination;
use crate::archive::destination::settings::Settings as StoreSettings;
use crate::archive::history::History;
use crate::archive::seal;
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
    /// Asks for secrets.
    pub ask_secret: Arc<seal::Ask>,
}

/// Everything that a command may use.
pub struct App {
    home: Home,
    config: Config,
    sink: Arc<dyn Sink>,
    ask: Arc<Ask>,
    ask_secret: Arc<seal::Ask>,
    journal: OnceCell<Journal>,
    program: OnceCell<PathBuf>,
}

impl App {
    /// Finds the home and reads the settings; opens nothing else.
    pub fn new(settings: Settings) -> Result<App> {
        match App::without_broken_settings(settings)? {
            (app, None) => Ok(app),
            (_, Some(broken)) => Err(broken),
        }
    }

    /// [`App::new`] with the defaults in the place of a config.toml that cannot be read, and what is
    /// wrong with that.
    pub fn without_broken_settings(settings: Settings) -> Result<(App, Option<Error>)> {
        let Settings { home, session, environment, sink, ask, ask_secret } = settings;
        let root = root(home, &environment)?;
        let home = Home::open(&root)?;
        let (mut config, broken) = Config::load_without_broken_file(&home.config(), &environment)?;
        if let Some(session) = session {
            config.set_flag("default_session", &own_session(&session)?)?;
        }
        arm_faults(&home, &environment)?;
        Ok((App { home, config, sink, ask, ask_secret, journal: OnceCell::new(), program: OnceCell::new() }, broken))
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
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
            // It was empty a moment ago and no other thread has it: a `OnceCell` is not shared.
            let _ = self.journal.set(journal);
        }
        self.journal
            .get()
            .ok_or_else(|| Error::new(ErrorKind::Unexpected, "the journal was not kept").hint("report this as a bug of wpp"))
    }

    /// What the journal says of a session's archives; nothing when the home has none, for looking must
    /// not make one.
    pub fn history(&self, session: &str) -> Result<History> {
        if !self.home.journal().exists() {
            return Ok(History::default());
        }
        History::read(self.journal()?, session)
    }

    /// The chosen session, which may not exist yet.
    pub fn session(&self) -> SessionPaths {
        self.home.session(self.config.text("default_session"))
    }

    /// The chosen session, which must exist.
    pub fn existing_session(&self) -> Result<SessionPaths> {
        existing_session(&self.home, self.config.text("default_session"))
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
    pub fn destination(&self) -> Result<Arc<Destination>> {
        match self.config.text("backup.destination") {
            "" => Ok(Arc::new(Destination::Folder(self.home.backups()))),
            text => Destination::parse(text, &self.store_settings()?).map(Arc::new),
        }
    }

    /// The place for archives that an operator names: a store, or a folder that must be there.
    /// Without one, where archives go.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when there is no such folder.
    pub fn given_destination(&self, text: Option<&str>) -> Result<Arc<Destination>> {
        let Some(text) = text else { return self.destination() };
        let destination = Destination::parse(text, &self.store_settings()?)?;
        match destination.folder().filter(|folder| !folder.is_dir()) {
            None => Ok(Arc::new(destination)),
            Some(folder) => Err(Error::new(ErrorKind::Usage, format!("there is no folder {}", folder.display()))
                .hint("check the path; without one, it is where this home's archives go")),
        }
    }

    /// How a store for archives is reached from this home.
    pub fn store_settings(&self) -> Result<StoreSettings> {
        // A home without a journal has written nothing, and looking must not make one.
        let owner = if self.home.journal().exists() { self.journal()?.identity()? } else { String::new() };
        Ok(StoreSettings::of(&self.config, self.home.kind(), owner))
    }

    /// A folder of this machine for what is unpacked for a moment.
    pub fn scratch(&self) -> PathBuf {
        Destination::folder_in(self.config.text("backup.destination")).unwrap_or_else(|| self.home.backups())
    }

    /// Asks for a secret at the terminal; `None` when nobody is there.
    pub fn ask_secret(&self) -> &Arc<seal::Ask> {
        &self.ask_secret
    }

    /// Lets the operator agree to `question`, or takes `--yes` for it.
    pub fn confirm(&self, yes: bool, question: &str) -> Result<Confirmed> {
        confirm(&*self.ask, yes, question)
    }
}

/// The home's folder: `--home`, else `WPP_HOME`, else `~/.wpp`.
pub fn root(flag: Option<PathBuf>, environment: &BTreeMap<String, String>) -> Result<PathBuf> {
    let root = match (flag, environment.get("WPP_HOME"), environment.get("HOME")) {
        (Some(root), _, _) => root,
        (None, Some(root), _) if !root.is_empty() => PathBuf::from(root),
        (None, _, Some(user)) if !user.is_empty() => PathBuf::from(user).join(".wpp"),
        _ => {
            return Err(Error::new(ErrorKind::Usage, "cannot tell where the home is: neither HOME nor WPP_HOME is set")
                .hint("give --home FOLDER or set WPP_HOME"));
        }
    };
    // Reports, the journal and what to type next are text, and name paths of the home.
    let whole = std::path::absolute(&root).while_doing(|| format!("cannot make {} absolute", root.display()))?;
    if whole.to_str().is_none() {
        return Err(Error::new(ErrorKind::Usage, format!("the home's path {} is not UTF-8", whole.display()))
            .hint("give --home a folder whose path is; rename the folders above it if need be"));
    }
    Ok(root)
}

/// The name of a session of this host, from what `--session` was given.
pub fn own_session(text: &str) -> Result<String> {
    let id: SessionId = text.parse()?;
    match id.channel() {
        None => Ok(id.name().to_owned()),
        Some(channel) => Err(Error::new(
            ErrorKind::Usage,
            format!("the session {id} belongs to the gateway {channel}, and no plugin for it is installed"),
        )
        .hint("name a session of this host, without a colon")),
    }
}

/// A session that must exist.
pub fn existing_session(home: &Home, name: &str) -> Result<SessionPaths> {
    let session = home.session(name);
    if session.exists() {
        return Ok(session);
    }
    let names = home.session_names()?;
    let error = Error::new(ErrorKind::NoSession, format!("there is no session {name} in {}", home.root().display()));
    Err(if names.is_empty() {
        error.hint(format!("make it with `wpp start --session {name}`"))
    } else {
        error.hint(format!("sessions here: {}", names.join(", ")))
    })
}

/// Lets the operator agree to `question`, or takes `--yes` for it.
pub fn confirm(ask: &Ask, yes: bool, question: &str) -> Result<Confirmed> {
    if let Some(confirmed) = Confirmed::by_flag(yes) {
        return Ok(confirmed);
    }
    match ask(question) {
        None => Err(Error::new(ErrorKind::Declined, format!("nobody is there to answer: {question}"))
            .hint("give --yes to agree in advance, or --dry-run to see what would be done")),
        Some(answer) => Confirmed::by_answer(&answer).ok_or_else(|| {
            Error::new(ErrorKind::Declined, "declined; nothing was changed").hint("run it again and answer yes to go on")
        }),
    }
}

/// Arms the disk faults that the environment asks for; only a sandbox lets them in.
pub fn arm_faults(home: &Home, environment: &BTreeMap<String, String>) -> Result<()> {
    match (home.kind(), environment.get("WPP_DISK_FAULT")) {
        (HomeKind::Sandbox, Some(plan)) => crate::disk::faults::arm(plan),
        _ => Ok(()),
    }
}
