//! Plugins: components that add checks and channels, and that can do nothing else.
//!
//! The contract is `wpp.wit`, and [`contract`] knows its names and versions. Start with [`Plugins::open`], which gives what runs one.
//!
//! To run them: [`registry`] says which plugins a home has, [`signature`] who made one and [`cache`] keeps
//! what was compiled; [`host`] runs components with what [`powers`] holds; [`http`], [`secrets`] and
//! [`grants`] stand between them and the world; [`adapt`] says the contract's words in wpp's own, and
//! [`examine`] begins where the doctor asks a plugin's checks.
//!
//! To write them: [`scaffold`] begins a plugin, [`build`] makes a component of it, and [`trial`] tries one
//! against the answers that [`recorded`] reads from a file.

pub mod grants;
pub mod secrets;
pub mod cache;
pub mod contract;
pub mod host;
pub mod adapt;
pub mod recorded;
pub mod http;
pub mod powers;
pub mod kept;
pub mod registry;
pub mod signature;
pub mod examine;
pub mod trial;
pub mod scaffold;
pub mod build;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::cache::Cache;
use self::grants::{Grant, Grants, Origin};
use self::host::{Called, Host, Interface, Limits, Plugin};
use self::http::Http;
use self::powers::Powers;
use self::recorded::Recording;
use self::registry::Registry;
use self::secrets::Secrets;
use self::trial::Trial;
use crate::config::Config;
use crate::error::{Context, Result};
use crate::home::{Home, HomeKind};

/// The plugins of a home, ready to be loaded. Nothing of the engine runs before the first one is.
pub struct Plugins<'a> {
    home: &'a Home,
    config: &'a Config,
    secrets: Arc<Secrets>,
    registry: Registry,
    host: std::sync::OnceLock<Host>,
    limits: Limits,
}

/// A plugin with what it is given.
pub struct Loaded {
    /// The component.
    pub plugin: Plugin,
    settings: Arc<BTreeMap<String, String>>,
    http: Arc<Http>,
    limits: Limits,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Plugins<'a> {
    /// Those of a home; `environment` may hold secrets.
    pub fn open(home: &'a Home, config: &'a Config, environment: &BTreeMap<String, String>) -> Result<Plugins<'a>> {
        Ok(Plugins {
            home,
            config,
            secrets: Arc::new(Secrets::new(&home.secrets(), environment).with_commands(config.secret_commands())),
            registry: Registry::open(home)?,
            host: std::sync::OnceLock::new(),
            limits: Limits::default(),
        })
    }

    /// The same with other limits than those of the host.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Plugins<'a> {
        Plugins { limits, ..self }
    }

    /// Which there are, and what each is allowed.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The same, to change it.
    pub fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Loads one.
    pub fn load(&self, name: &str) -> Result<Loaded> {
        self.registry.keep_first()?;
        let bytes = self.registry.bytes(name)?;
        let cache = Cache::at(&self.home.plugins_compiled())?;
        let plugin = self.host()?.load(name, &bytes, Some(&cache))?;
        self.loaded(plugin, self.registry.pinned(name)?.grants.clone())
    }

    /// Looks at a component that is not one of them yet, and is allowed nothing.
    pub fn look_at(&self, name: &str, bytes: &[u8]) -> Result<Loaded> {
        self.loaded(self.host()?.load(name, bytes, None)?, Grants::default())
    }

    fn loaded(&self, plugin: Plugin, grants: Grants) -> Result<Loaded> {
        let sandbox = self.home.kind() == HomeKind::Sandbox;
        let http = Http::new(plugin.name(), grants, Arc::clone(&self.secrets), sandbox, self.limits.output_bytes);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .while_doing(|| "cannot start what plugins run in".into())?;
        let settings = Arc::new(self.config.plugin(plugin.name()));
        Ok(Loaded { plugin, settings, http: Arc::new(http), limits: self.limits, runtime })
    }

    /// The component of a plugin with recorded answers in the place of the network. The home's settings
    /// of this name hold where the recording and `settings` say nothing.
    pub fn trial(
        &self,
        name: &str,
        bytes: &[u8],
        recording: Recording,
        settings: BTreeMap<String, String>,
        grants: Grants,
    ) -> Result<Trial> {
        let plugin = self.host()?.load(name, bytes, None)?;
        let mut all = self.config.plugin(name);
        all.extend(recording.settings.clone());
        all.extend(settings);
        Trial::new(plugin, recording, all, grants, self.limits)
    }

    fn host(&self) -> Result<&Host> {
        if self.host.get().is_none() {
            // Who comes second finds one there: two are alike.
            let _ = self.host.set(Host::new(self.limits)?);
        }
        self.host.get().ok_or_else(|| {
            crate::error::Error::new(crate::error::ErrorKind::Unexpected, "the engine was not kept")
                .hint("report this as a bug of wpp")
        })
    }
}

impl Loaded {
    /// What it needs to be allowed, each with what it is for: requests to the addresses in its settings,
    /// and the secrets that it names. One that cannot say has nothing that could be proposed.
    pub fn needs(&self) -> Vec<(Grant, String)> {
        let origin = |(name, value): (&String, &String)| {
            let origin = Origin::of(&url::Url::parse(value).ok()?)?;
            Some((Grant::Http(origin), format!("its setting {name}")))
        };
        let mut needs: Vec<(Grant, String)> = self.settings.iter().filter_map(origin).collect();
        if self.plugin.interfaces().contains(&Interface::Channel)
            && let Ok(about) = self.call(async |plugin, powers| plugin.describe(powers).await).answer
        {
            needs.extend(about.secrets.into_iter().map(|secret| (Grant::Secret(secret.name, None), secret.about)));
        }
        needs.dedup_by(|one, other| one.0 == other.0);
        needs
    }

    /// Calls the plugin, and waits.
    pub fn call<T>(&self, call: impl AsyncFnOnce(&Plugin, Powers) -> Called<T>) -> Called<T> {
        let powers = Powers::new(Arc::clone(&self.settings), Arc::clone(&self.http), self.limits.deadline);
        self.runtime.block_on(call(&self.plugin, powers))
    }
}
