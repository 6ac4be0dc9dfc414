//! The composition root: what a command needs, built when it is first asked for.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::archive::destination::Destination;
use crate::archive::destination::settings::Settings as StoreSettings;
use crate::archive::history::History;
use crate::archive::seal;
use crate::config::{Config, Source};
use crate::confirm::Confirmed;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::gateway::{self, Gateway};
use crate::home::{Home, HomeKind, SessionPaths};
use crate::journal::Journal;
use crate::plugin::Plugins;
use crate::plugin::registry::Registry;
use crate::plugin::secrets::Secrets;
use crate::report::{Event, Sink, quoted};
use crate::session::Address;

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
    /// `--quiet`.
    pub quiet: bool,
    /// Whether a program reads the report; else only what is shown of it matters.
    pub whole: bool,
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
    gateway: Option<Address>,
    sink: Arc<dyn Sink>,
    ask: Arc<Ask>,
    ask_secret: Arc<seal::Ask>,
    secrets: BTreeMap<String, String>,
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
        let (gateway, settings) = settings.without_gateway()?;
        let Settings { home, session, environment, sink, ask, ask_secret, quiet: _, whole: _ } = settings;
        let root = root(home, &environment)?;
        let home = Home::open(&root)?;
        let (mut config, broken) = Config::load_without_broken_file(&home.config(), &environment)?;
        if let Some(session) = session {
            config.set_flag("default_session", &session)?;
        }
        arm_faults(&home, &environment)?;
        let secrets = environment.into_iter().filter(|(name, _)| name.starts_with("WPP_SECRET_")).collect();
        Ok((
            App { home, config, gateway, sink, ask, ask_secret, secrets, journal: OnceCell::new(), program: OnceCell::new() },
            broken,
        ))
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The home's plugins, and the secrets that may be put into their requests.
    pub fn plugins(&self) -> Result<Plugins<'_>> {
        Plugins::open(&self.home, &self.config, &self.secrets)
    }

    /// Secrets by their names, for servers of gateways.
    pub fn gateway_secrets(&self) -> Secrets {
        Secrets::new(&self.home.secrets(), &self.secrets).with_commands(self.config.secret_commands())
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

    /// The chosen session of this host, which may not exist yet.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when one of a gateway was chosen.
    pub fn session(&self) -> Result<SessionPaths> {
        match &self.gateway {
            None => Ok(self.home.session(self.config.text("default_session"))),
            Some(address) => Err(not_of_this_host(address)),
        }
    }

    /// The chosen session of this host, which must exist.
    pub fn existing_session(&self) -> Result<SessionPaths> {
        existing_session(&self.home, self.session()?.name())
    }

    /// The session that the command line or the environment names, if either does.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when that is one of a gateway.
    pub fn given_session(&self) -> Result<Option<String>> {
        self.session()?;
        Ok(self.given_name().map(str::to_owned))
    }

    /// Whether the command line itself names a session of this host.
    pub fn session_flag_given(&self) -> bool {
        self.config.all().any(|(key, _, source)| key.path == "default_session" && *source == Source::Flag)
    }

    fn given_name(&self) -> Option<&str> {
        let (_, name, source) = self.config.all().find(|(key, ..)| key.path == "default_session")?;
        matches!(source, Source::Flag | Source::Environment(_)).then_some(name)
    }

    /// The gateway that was chosen, with the name of one of its sessions or none; `None` when a session
    /// of this host was. A gateway's name alone chooses it where no session of this host has that name.
    pub fn gateway(&self) -> Result<Option<(Gateway, Option<&str>)>> {
        let (channel, session) = match (&self.gateway, self.given_name()) {
            (Some(Address::Gateway { channel, session }), _) => (channel.as_str(), session.as_deref()),
            (_, Some(name)) if self.may_be_gateway(name) => (name, None),
            _ => return Ok(None),
        };
        Ok(Some((Gateway::open(&self.plugins()?, channel)?, session)))
    }

    // A list of plugins that cannot be read keeps nobody from a session of this host.
    fn may_be_gateway(&self, name: &str) -> bool {
        let listed = self.home.plugins_lock().exists() && !self.home.session(name).exists();
        listed && Registry::open(&self.home).is_ok_and(|registry| gateway::is_gateway(&registry, name))
    }

    /// The session of a gateway that was chosen; `None` when one of this host was.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when a gateway was chosen and none of its sessions.
    pub fn gateway_session(&self) -> Result<Option<(Gateway, &str)>> {
        match self.gateway()? {
            None => Ok(None),
            Some((gateway, Some(session))) => Ok(Some((gateway, session))),
            Some((gateway, None)) => {
                let name = gateway.name();
                Err(Error::new(ErrorKind::Usage, format!("{name} is a gateway, and it is not said which of its sessions"))
                    .hint(format!("write {name}:SESSION; `wpp status {name}:` lists them")))
            }
        }
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

    /// Asks the operator; `None` when nobody is there.
    pub fn ask(&self) -> &Arc<Ask> {
        &self.ask
    }

    /// A secret of the environment, by its variable `WPP_SECRET_…`.
    pub fn secret(&self, variable: &str) -> Option<&str> {
        self.secrets.get(variable).map(String::as_str)
    }

    /// The name of the session that was chosen, be it of this host or of a gateway. It may not exist.
    pub fn chosen_session(&self) -> String {
        match &self.gateway {
            Some(address) => address.to_string(),
            None => self.config.text("default_session").to_owned(),
        }
    }

    /// Lets the operator agree to `question`, or takes `--yes` for it.
    pub fn confirm(&self, yes: bool, question: &str) -> Result<Confirmed> {
        confirm(&*self.ask, yes, question)
    }

    /// Asks whether something beside may be, which nobody need agree to; `None` when nobody is there.
    pub fn agrees(&self, question: &str) -> Option<bool> {
        (self.ask)(question).map(|answer| Confirmed::by_answer(&answer).is_some())
    }

    /// The same as [`App::confirm`] for a command that has `--dry-run`.
    pub fn confirm_or_dry_run(&self, yes: bool, question: &str) -> Result<Confirmed> {
        self.confirm(yes, question).map_err(|error| error.hint("or give --dry-run to see what would be done"))
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

impl Settings {
    /// Takes out the gateway's session that `--session` or `WPP_SESSION` names, if one does: the settings
    /// know sessions of this host alone. The flag goes before the variable.
    pub fn without_gateway(mut self) -> Result<(Option<Address>, Settings)> {
        let variable = match self.environment.get("WPP_SESSION") {
            Some(text) if text.contains(':') => self.environment.remove("WPP_SESSION"),
            _ => None,
        };
        let named = match (&self.session, &variable) {
            (Some(text), _) => Some(text.parse::<Address>()?),
            (None, Some(text)) => Some(text.parse().map_err(|error: Error| error.note("WPP_SESSION names it"))?),
            (None, None) => None,
        };
        let gateway = named.filter(|address| matches!(address, Address::Gateway { .. }));
        let session = self.session.take().filter(|_| gateway.is_none());
        Ok((gateway, Settings { session, ..self }))
    }
}

/// The error of a verb that works on sessions of this host alone.
pub fn not_of_this_host(address: &Address) -> Error {
    let error = Error::new(
        ErrorKind::Usage,
        format!(
            "{address} is a session of a gateway, which keeps its files, messages and logs; this works on sessions of this host"
        ),
    );
    let named = quoted(&address.to_string());
    let error = error.hint(format!(
        "what works on it: `wpp status {named}`, and so start, stop, restart and reauth; `wpp send --session {named}`"
    ));
    match address {
        Address::Gateway { channel, .. } => error.hint(format!("`wpp doctor --channel {channel}` looks at the gateway itself")),
        Address::Own(_) => error,
    }
    .hint("or name a session of this host, without a colon, by --session or WPP_SESSION")
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
            .hint("give --yes to agree in advance")),
        Some(answer) => Confirmed::by_answer(&answer).ok_or_else(|| {
            Error::new(ErrorKind::Declined, "declined; nothing was changed").hint("run it again and answer yes to go on")
        }),
    }
}

/// Arms the disk faults that the environment asks for; only a sandbox lets them in.
pub fn arm_faults(home: &Home, environment: &BTreeMap<String, String>) -> Result<()> {
    if home.kind() == HomeKind::Live {
        return Ok(());
    }
    crate::disk::faults::bound(home.root().to_owned(), home.fault_full_disk());
    environment.get("WPP_DISK_FAULT").map_or(Ok(()), |plan| crate::disk::faults::arm(plan))
}
