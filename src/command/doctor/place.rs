//! Where a command line says to look: the home, its settings, its sessions and its plugins.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::schedule as entries;
use super::super::told::Around;
use super::super::upkeep::{Upkeep, evidence};
use super::{first, ways};
use crate::alert::Policy;
use crate::alert::book::Book;
use crate::app::{self, Settings};
use crate::clock;
use crate::config::{Config, Source};
use crate::disk;
use crate::doctor::probe::journal;
use crate::doctor::{Scope, SkippedCheck, StandIns};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{AlertFacts, MissingSession, Probed, Problem, ScheduleFacts};
use crate::home::{Home, HomeKind, is_session_name};
use crate::journal::Journal;
use crate::plugin::grants::Grant;
use crate::plugin::registry::Registry;
use crate::plugin::{self, Plugins};
use crate::report::quoted;
use crate::schedule::{self, Entry};
use crate::session::Address;

/// Where a command line says to look.
pub(super) struct Place {
    pub scope: Scope,
    /// Whether at this host, its home and its sessions.
    pub own: bool,
    /// The plugins to ask; `None` for all that have checks.
    channels: Option<Vec<String>>,
    /// The one session of a gateway that matters.
    pub gateway_session: Option<String>,
}

impl Place {
    pub fn new(settings: &Settings, gateway: Option<Address>, all: bool, channels: &[String]) -> Result<Place> {
        if gateway.is_some() && (all || !channels.is_empty()) {
            return Err(
                Error::new(ErrorKind::Usage, "a session of a gateway excludes --all and --channel").hint("leave one of them out")
            );
        }
        let (channels, gateway_session) = match gateway {
            Some(Address::Gateway { channel, session }) => (vec![channel], session),
            _ if !channels.is_empty() => (channels.to_vec(), None),
            _ => {
                // Whoever names a session of this host does not ask for gateways.
                let channels = settings.session.is_some().then(Vec::new);
                return Ok(Place { scope: scope(settings, all)?, own: true, channels, gateway_session: None });
            }
        };
        // Only the home matters then: no session of this host is meant.
        let scope = Scope { sessions: Vec::new(), ..scope_of(settings, None, false)? };
        Ok(Place { scope, own: false, channels: Some(channels), gateway_session })
    }

    /// The plugins of the home, where what they need can be read: else that is a finding, unless the
    /// command line is about plugins alone.
    pub fn plugins(&self, settings: &Settings) -> Result<Option<Plugins<'_>>> {
        let problems = [self.scope.home.as_ref().err(), self.scope.config_problem.as_ref(), self.scope.plugins_problem.as_ref()];
        match (self.scope.home.as_ref(), problems.into_iter().flatten().next()) {
            (Ok(home), None) => Plugins::open(home, &self.scope.config, &settings.environment).map(Some),
            (_, Some(problem)) if !self.own => {
                Err(Error::new(ErrorKind::Usage, problem.message.clone()).hint(problem.hint.clone()))
            }
            _ => Ok(None),
        }
    }

    /// The names of those to ask, and the checks that are left out with those that are not.
    pub fn asked(&self, plugins: &Plugins<'_>, scope: &Scope) -> Result<(Vec<String>, Vec<SkippedCheck>)> {
        let with_checks = plugin::examine::with_checks(plugins);
        let names = match &self.channels {
            None => with_checks,
            Some(channels) => {
                for name in channels {
                    plugins.registry().pinned(name)?;
                    if !with_checks.contains(name) {
                        return Err(Error::new(ErrorKind::Usage, format!("the plugin {name} has no checks"))
                            .hint(format!("`wpp channel health {name}` asks how its system is")));
                    }
                }
                channels.clone()
            }
        };
        let (mut asked, mut left_out) = (Vec::new(), Vec::new());
        for name in names {
            let reason = match scope.foreign {
                // To load a plugin is to keep its compiled code in the home.
                Some(owner) => Some(format!("the home is user {owner}'s, and plugins are not loaded in it as another user")),
                None if scope.offline && !stays_here(plugins, &name)? => {
                    Some("it may talk to servers beyond this machine, and --offline or doctor.offline forbids that".to_owned())
                }
                None => None,
            };
            match reason {
                Some(reason) => left_out.push(SkippedCheck { id: format!("{name}.plugin").into(), session: None, reason }),
                None => asked.push(name),
            }
        }
        Ok((asked, left_out))
    }
}

/// Whether a plugin may talk to this machine alone.
fn stays_here(plugins: &Plugins<'_>, name: &str) -> Result<bool> {
    let is_here = |host: &str| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    };
    let grants = &plugins.registry().pinned(name)?.grants;
    Ok(grants.0.iter().all(|grant| match grant {
        Grant::Http(origin) => is_here(&origin.host),
        Grant::Secret(..) | Grant::Private(_) => true,
    }))
}

/// Finds out where to look, from the command line, the environment and the settings.
pub(super) fn scope(settings: &Settings, all: bool) -> Result<Scope> {
    scope_of(settings, settings.session.clone(), all)
}

fn scope_of(settings: &Settings, given: Option<String>, all: bool) -> Result<Scope> {
    if all && given.is_some() {
        return Err(Error::new(ErrorKind::Usage, "--all and --session exclude each other").hint("leave one of them out"));
    }
    let root = app::root(settings.home.clone(), &settings.environment)?;
    let (home, is_stranger) = marked(Home::open(&root), &root);
    if let Ok(home) = &home {
        app::arm_faults(home, &settings.environment)?;
    }
    let root = home.as_ref().map_or(root, |home| home.root().to_owned());
    let foreign = disk::mode_and_owner(&root)
        .ok()
        .flatten()
        .map(|(_, owner)| owner)
        .filter(|owner| *owner != rustix::process::geteuid().as_raw());
    let journal = match &home {
        Ok(home) => journal::open(&home.journal(), foreign.is_some()),
        Err(_) => Ok(None),
    };
    let loaded = match &home {
        Ok(home) => Config::load(&home.config(), &settings.environment),
        // Without a home nobody knows whether its settings are meant; this check is skipped then.
        Err(_) => Config::load(Path::new(""), &BTreeMap::new()),
    };
    let (config, config_problem) = match loaded {
        Ok(config) => (config, None),
        // A file of that name cannot exist, so these are the defaults.
        Err(error) => (Config::load(Path::new(""), &BTreeMap::new())?, Some(Problem::from(&error))),
    };
    let (mut sessions, mut missing_session) = (Vec::new(), None);
    if let Ok(home) = &home {
        let source = config.all().find(|(key, ..)| key.path == "default_session").map(|(_, _, source)| source.clone());
        let chosen = given.clone().unwrap_or_else(|| config.text("default_session").to_owned());
        let by_name = given.is_some() || matches!(source, Some(Source::Environment(_)));
        if all {
            // When they cannot be listed, the check of the sessions' names says so.
            let mut names = home.session_names().unwrap_or_default();
            names.extend(lost(&journal, &names));
            names.sort();
            sessions = names.iter().map(|name| home.session(name)).collect();
        } else if home.session(&chosen).exists() || is_unfinished(&journal, &chosen) || lived(&journal, &chosen) {
            sessions.push(home.session(&chosen));
        } else if by_name {
            app::existing_session(home, &chosen)?;
        } else {
            let named_in = if let Some(Source::File(path)) = source { Some(path) } else { None };
            missing_session = Some(MissingSession { name: chosen, named_in });
        }
    }
    let plugins_problem = home.as_ref().ok().and_then(|home| Registry::open(home).err()).map(|error| Problem::from(&error));
    let entries = home.as_ref().ok().filter(|_| config_problem.is_none()).map(|home| entries::entries(home, &config));
    let schedule = match (schedule_facts(&home, entries.as_ref(), &journal), &home, &entries) {
        (Probed::Known(facts), Ok(home), Some((entries, _))) => {
            let secret = |variable: &str| settings.environment.get(variable).cloned();
            let around = Around { home, config: &config, secret: Box::new(secret) };
            Probed::Known(ScheduleFacts { unfit: entries::fit::unfit(&around, entries), ..facts })
        }
        (facts, ..) => facts,
    };
    // Plugins that cannot be read are told by their own check.
    let plugins = Ways { environment: &settings.environment, names_only: foreign.is_some(), readable: plugins_problem.is_none() };
    let alerts = alert_facts(&home, &config, config_problem.is_some(), &journal, &plugins);
    let upkeep =
        Upkeep::of(home.as_ref().ok(), &config, entries.as_ref().map(|(entries, _)| entries.as_slice()), &settings.environment);
    let stand_ins = match &home {
        Ok(home) if home.kind() == HomeKind::Sandbox => StandIns {
            machine: settings.environment.get("WPP_MACHINE").map(Into::into),
            endpoint: settings.environment.get("WPP_ENDPOINT").cloned(),
        },
        _ => StandIns::default(),
    };
    // Settings that do not load may have said so.
    let offline = config.boolean("doctor.offline") || config_problem.is_some();
    let program = settings.home.as_ref().map(|home| format!("wpp --home {}", quoted(&home.to_string_lossy())));
    Ok(Scope {
        config_problem,
        plugins_problem,
        sessions,
        missing_session,
        schedule,
        alerts,
        settings: upkeep.settings,
        evidence,
        units: upkeep.units,
        secret_variables: upkeep.secret_variables,
        program: program.unwrap_or_else(|| "wpp".into()),
        is_stranger,
        is_named: settings.home.is_some() || settings.environment.contains_key("WPP_HOME"),
        foreign,
        offline,
        stand_ins,
        ..Scope::new(root, home.map_err(|error| Problem::from(&error)), config)
    })
}

/// Names that an operator may put into a home before wpp has made it.
const PREPARED: &[&str] = &["config.toml", "secrets", "runbooks", "plugins", "plugins.lock", "backups", "lost+found"];

/// A folder without a marker is a home that is yet to be made while it is empty, or holds no more than an
/// operator prepares; one that lost its marker is told from one that never was a home (true), and nothing is
/// ever mended in either.
fn marked(home: Result<Home>, root: &Path) -> (Result<Home>, bool) {
    let is_gone = |path: &Path| path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    // What cannot be looked at is told by opening it.
    let (true, Ok(names)) = (is_gone(&root.join("home.json")), disk::list(root)) else { return (home, false) };
    let is_prepared =
        |path: &std::path::PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| PREPARED.contains(&name));
    if names.iter().all(is_prepared) {
        return (home.and_then(|home| first::cannot_make(root).map_or(Ok(home), Err)), false);
    }
    let of_sessions = disk::list(&root.join("sessions")).unwrap_or_default();
    let store = of_sessions.iter().map(|folder| folder.join("session.db")).find(|store| !is_gone(store));
    let sign = store.or_else(|| Some(root.join("ops.db")).filter(|journal| !is_gone(journal)));
    let problem = match &sign {
        Some(sign) => Error::new(ErrorKind::Denied, format!("{} is a home that lost its marker home.json: {} is there", root.display(), sign.display()))
            .hint("restore home.json from a backup; without it wpp cannot know whether these sessions may reach WhatsApp, and nothing is mended here"),
        None => Error::new(
            ErrorKind::Usage,
            format!("{} is no wpp home: it has no home.json, and holds nothing that wpp made", root.display()),
        )
        .hint("name the right folder with --home or WPP_HOME; `wpp start` makes a home in an empty one"),
    };
    (Err(problem), sign.is_none())
}

/// The journal that was opened, if there is one.
type Opened = Result<Option<Journal>>;

/// Whether a session was used here, and not removed by us since.
fn lived(journal: &Opened, name: &str) -> bool {
    matches!(journal, Ok(Some(journal)) if matches!(journal.lived(name), Ok(Some(_))))
}

/// Sessions that were used here and have no folder any more.
fn lost(journal: &Opened, here: &[String]) -> Vec<String> {
    let known = match journal {
        Ok(Some(known)) => known.sessions().unwrap_or_default(),
        // The check of the journal says so.
        _ => Vec::new(),
    };
    let is_lost = |name: &String| is_session_name(name) && here.binary_search(name).is_err() && lived(journal, name);
    known.into_iter().filter(is_lost).collect()
}

/// The journal, or what a look into it comes to without one.
fn opened<T>(journal: &Opened, without: T) -> std::result::Result<&Journal, Probed<T>> {
    match journal {
        Ok(Some(journal)) => Ok(journal),
        Ok(None) => Err(Probed::Known(without)),
        Err(error) => Err(Probed::Failed(error.chain())),
    }
}

/// What the schedule's own room says of it; a problem of the settings is told by their own check.
fn schedule_facts(home: &Result<Home>, entries: Option<&(Vec<Entry>, Vec<Error>)>, journal: &Opened) -> Probed<ScheduleFacts> {
    if home.is_err() {
        return Probed::NotApplicable("the home does not open".into());
    }
    let Some((entries, wrong)) = entries else { return Probed::NotApplicable("the settings do not load".into()) };
    match journal {
        Err(error) => Probed::Failed(error.chain()),
        Ok(journal) => schedule::look::facts(entries, wrong, journal.as_ref(), clock::now()).into(),
    }
}

/// What the alerts' own room says of what people were to be told.
fn alert_facts(home: &Result<Home>, config: &Config, broken: bool, journal: &Opened, plugins: &Ways<'_>) -> Probed<AlertFacts> {
    let Ok(home) = home else { return Probed::NotApplicable("the home does not open".into()) };
    if broken {
        return Probed::NotApplicable("the settings do not load".into());
    }
    let policy = match Policy::of(config) {
        Ok(policy) => policy,
        Err(error) => return Probed::Known(AlertFacts { problem: Some(Problem::from(&error)), ..AlertFacts::default() }),
    };
    let dead = match plugins.readable {
        true => ways::dead(home, config, plugins.environment, &policy, plugins.names_only).map_err(|error| error.chain()),
        false => Err("what is noted of plugins cannot be read".into()),
    };
    let facts = match opened(journal, AlertFacts::default()) {
        Ok(journal) => Book::of(journal).facts(clock::now()).into(),
        Err(without) => without,
    };
    match facts {
        Probed::Known(facts) => Probed::Known(AlertFacts { dead, ..facts }),
        other => other,
    }
}

/// What the plugins behind ways to people are looked at with.
struct Ways<'a> {
    environment: &'a BTreeMap<String, String>,
    /// To load a plugin is to keep its compiled code in the home, which may be another user's.
    names_only: bool,
    readable: bool,
}

/// Whether a restore or a reset of the session was cut off, which can leave it without a folder.
fn is_unfinished(journal: &Opened, name: &str) -> bool {
    let open = journal.as_ref().ok().and_then(Option::as_ref).map(|journal| journal.open_entries(name));
    open.is_some_and(|entries| entries.is_ok_and(|entries| !entries.is_empty()))
}
