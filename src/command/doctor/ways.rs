//! Ways to contacts on which nothing can arrive, as far as that is known before anything is sent. Start with [`dead`].

use std::collections::BTreeMap;

use crate::alert::{BY_COMMAND, Contact, Policy};
use crate::config::Config;
use crate::error::Result;
use crate::facts::{DeadWay, way_to};
use crate::home::Home;
use crate::plugin::grants::{Grant, Origin};
use crate::plugin::host::Interface;
use crate::plugin::{Loaded, Plugins};
use crate::process;
use crate::report::quoted;

/// What keeps a way from working, and what mends it: what to do, and a command line of `wpp` without its name.
struct Cause {
    why: String,
    remedy: String,
    command: String,
    /// Whether a contact that says where to write to does not need it.
    unless_to: bool,
}

impl Cause {
    fn of(why: impl Into<String>, remedy: impl Into<String>, command: impl Into<String>) -> Cause {
        Cause { why: why.into(), remedy: remedy.into(), command: command.into(), unless_to: false }
    }
}

/// The ways of all contacts that cannot work. No plugin is loaded when `names_only` says so.
pub(super) fn dead(
    home: &Home,
    config: &Config,
    environment: &BTreeMap<String, String>,
    policy: &Policy,
    names_only: bool,
) -> Result<Vec<DeadWay>> {
    let mut causes: Vec<(String, Cause)> = Vec::new();
    let mut channels: Vec<&String> = policy.contacts.iter().flat_map(|contact| &contact.channels).collect();
    channels.sort();
    channels.dedup();
    if !channels.is_empty() {
        let plugins = Plugins::open(home, config, environment)?;
        for channel in channels {
            let cause = of_channel(&plugins, config, channel, names_only);
            causes.extend(cause.map(|cause| (channel.clone(), cause)));
        }
    }
    for contact in &policy.contacts {
        if let Some(program) = contact.command.first().filter(|program| process::on_path(program).is_none()) {
            let cause = Cause::of(
                format!("there is no program {program}"),
                format!("correct `command` of [contacts.{}] in config.toml", contact.name),
                format!("alert test --contact {}", quoted(&contact.name)),
            );
            causes.push((way_to(&contact.name, BY_COMMAND), cause));
        }
    }
    let keeps = |contact: &Contact, way: &str| {
        let of_way = causes.iter().filter(|(dead, _)| *dead == way_to(&contact.name, way));
        of_way.into_iter().any(|(_, cause)| !cause.unless_to || contact.to.is_empty())
    };
    let mut ways = Vec::new();
    for (name, cause) in &causes {
        let reached: Vec<&Contact> = policy
            .contacts
            .iter()
            .filter(|contact| contact.ways().iter().any(|way| way_to(&contact.name, way) == *name && keeps(contact, way)))
            .collect();
        let names = |contacts: Vec<&Contact>| contacts.into_iter().map(|contact| contact.name.clone()).collect::<Vec<_>>();
        let alone = reached.iter().copied().filter(|contact| contact.ways().iter().all(|way| keeps(contact, way)));
        if !reached.is_empty() {
            ways.push(DeadWay {
                way: name.clone(),
                unreached: names(alone.collect()),
                contacts: names(reached),
                why: cause.why.clone(),
                remedy: cause.remedy.clone(),
                command: cause.command.clone(),
            });
        }
    }
    Ok(ways)
}

fn of_channel(plugins: &Plugins<'_>, config: &Config, name: &str, names_only: bool) -> Option<Cause> {
    if let Err(error) = plugins.registry().pinned(name) {
        let remedy = "add it with `wpp plugin add FILE`, or name a channel that is there in `channels` of the contact";
        return Some(Cause::of(error.message(), remedy, "channel list"));
    }
    if !plugins.registry().offering(Interface::Channel).any(|other| other == name) {
        let remedy = "name a channel in `channels` of the contact in config.toml";
        return Some(Cause::of(format!("the plugin {name} is no channel"), remedy, "channel list"));
    }
    if names_only {
        return None;
    }
    match plugins.load(name) {
        Ok(loaded) => of_loaded(plugins, &loaded, config, name),
        Err(error) => {
            let remedy = error.hints().first().cloned().unwrap_or_else(|| "see what is kept of the plugin".into());
            Some(Cause::of(error.chain(), remedy, "plugin list"))
        }
    }
}

/// What a plugin lacks by its own words. It is asked what it is, and calls nobody for that.
fn of_loaded(plugins: &Plugins<'_>, loaded: &Loaded, config: &Config, name: &str) -> Option<Cause> {
    let about = loaded.call(async |plugin, powers| plugin.describe(powers).await).answer.ok()?;
    let settings = config.plugin(name);
    let missing = |setting: &&str| settings.get(*setting).is_none_or(String::is_empty);
    if let Some(setting) = about.settings.iter().filter(|one| one.required).map(|one| one.name.as_str()).find(missing) {
        let remedy = format!("set {setting} under [plugin.{name}] in config.toml; this lists what it takes");
        let cause = Cause::of(format!("the setting {setting} of {name} is missing"), remedy, format!("plugin info {name}"));
        // Where to write to may stand with the contact.
        return Some(Cause { unless_to: true, ..cause });
    }
    let grants = &plugins.registry().pinned(name).ok()?.grants;
    let defaults = about.settings.iter().filter(|one| missing(&one.name.as_str())).filter_map(|one| one.default.as_ref());
    let mut servers = settings.values().chain(defaults).filter_map(|value| Origin::of(&url::Url::parse(value).ok()?));
    // A plugin of several addresses may need one of them alone.
    let first = servers.next()?;
    if !grants.reaches(&first) && !servers.any(|server| grants.reaches(&server)) {
        let grant = Grant::Http(first);
        return Some(lacking(name, &grant));
    }
    let held = |secret: &str| grants.0.iter().any(|grant| matches!(grant, Grant::Secret(name, _) if name == secret));
    let secret = about.secrets.iter().find(|secret| secret.required && !held(&secret.name))?;
    Some(lacking(name, &Grant::Secret(secret.name.clone(), None)))
}

fn lacking(name: &str, grant: &Grant) -> Cause {
    let remedy = "allow it that; what waits is then sent with `wpp alert run`";
    Cause::of(format!("{name} is not granted {grant}"), remedy, format!("plugin grant {name} {}", quoted(&grant.to_string())))
}
