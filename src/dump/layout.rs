//! What the state of a gateway is made of: the tables `[dump.NAME]` of config.toml, and what is known of
//! each gateway without them.
//!
//! A gateway's auth state is often split: Evolution keeps a device in PostgreSQL and its ratchets in Redis
//! or in files, and a dump of the one alone brings back a session that cannot decrypt. So a [`Layout`] says
//! which parts there must be before a set may be called complete; of a gateway that has none here, its
//! operator says it, or no set of it is called complete. Start with [`Plan::of`].

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::address::{Postgres, read};
use crate::error::{Error, ErrorKind, Result};

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// A database of a server of PostgreSQL.
    Postgres,
    /// An SQLite file, or every SQLite file of a folder.
    Sqlite,
    /// A folder with all in it.
    Folder,
    /// One file.
    File,
    /// A Redis server.
    Redis,
}

impl PartKind {
    /// The name as settings have it.
    pub fn name(self) -> &'static str {
        match self {
            PartKind::Postgres => "postgres",
            PartKind::Sqlite => "sqlite",
            PartKind::Folder => "folder",
            PartKind::File => "file",
            PartKind::Redis => "redis",
        }
    }
}

/// What a part is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Keys and Signal state: without it, every phone has to be linked anew.
    Auth,
    /// Messages, users, settings of the application.
    App,
    /// Files that the gateway is started with.
    Config,
    /// Pictures and sound; taken only when asked for.
    Media,
}

impl Role {
    /// The name as settings have it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Auth => "auth",
            Role::App => "app",
            Role::Config => "config",
            Role::Media => "media",
        }
    }
}

/// One part of a gateway's state.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it is called in a set; made of its place when it has none.
    pub name: Option<String>,
    /// What it is.
    pub kind: PartKind,
    /// What it is for.
    pub role: Role,
    /// Where it lies, absolute or within `root`.
    pub path: Option<PathBuf>,
    /// Where its server is: `postgres://USER@HOST/DATABASE`, `redis://HOST:PORT`. No password.
    pub url: Option<String>,
    /// The name of the secret that is its password.
    pub secret: Option<String>,
    /// Files, tables or beginnings of keys of which at least one must be there, each with something in it.
    #[serde(default)]
    pub must_hold: Vec<String>,
    /// Whether a set is whole without it.
    #[serde(default)]
    pub optional: bool,
}

/// A table `[dump.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    channel: Option<String>,
    root: Option<PathBuf>,
    #[serde(default)]
    needs: Vec<Role>,
    #[serde(default)]
    parts: Vec<Part>,
}

/// A part that there must be, in one of these kinds.
#[derive(Debug)]
pub struct Need {
    /// What for.
    pub role: Role,
    /// Any of these will do.
    pub kinds: &'static [PartKind],
    /// What is lost without it.
    pub why: &'static str,
}

type Default = (PartKind, Role, &'static str, &'static [&'static str]);

/// What is known of one gateway.
#[derive(Debug)]
pub struct Layout {
    /// What settings call it.
    pub name: &'static str,
    /// What its plugin calls itself, under whatever name the operator added that.
    pub title: &'static str,
    /// What there must be.
    pub needs: &'static [Need],
    /// Places within its folder; each may be absent, as long as the needs are met.
    defaults: &'static [Default],
    /// What to write into config.toml.
    example: &'static str,
}

const SIGNAL: &str = "keys and Signal state: without them every phone has to be linked anew";
const FOLDER: &[PartKind] = &[PartKind::Folder];

/// Every gateway that is known.
pub static LAYOUTS: &[Layout] = &[
    Layout {
        name: "openwa",
        title: "OpenWA",
        needs: &[
            Need { role: Role::Auth, kinds: FOLDER, why: SIGNAL },
            Need {
                role: Role::App,
                kinds: &[PartKind::Sqlite, PartKind::Postgres],
                why: "sessions, API keys and webhooks: without them the keys belong to no session",
            },
        ],
        defaults: &[
            (PartKind::Sqlite, Role::App, "data", &[]),
            (PartKind::Folder, Role::Auth, "data/sessions", &[]),
            (PartKind::Folder, Role::Auth, "data/baileys", &["creds.json"]),
            (PartKind::Folder, Role::Auth, "data/.wwebjs_auth", &[]),
            (PartKind::Folder, Role::App, "data/plugins", &[]),
            (PartKind::File, Role::Config, "data/.env.generated", &[]),
            (PartKind::File, Role::Config, "data/.api-key", &[]),
            (PartKind::File, Role::Config, ".env.generated", &[]),
            (PartKind::File, Role::Config, ".api-key", &[]),
            (PartKind::File, Role::Config, ".env", &[]),
            (PartKind::File, Role::Config, "docker-compose.yml", &[]),
            (PartKind::Folder, Role::Media, "data/media", &[]),
        ],
        example: "root = \"/srv/openwa\"",
    },
    Layout {
        name: "baileys",
        title: "Baileys service (SPEC-1)",
        needs: &[
            Need { role: Role::Auth, kinds: FOLDER, why: SIGNAL },
            Need { role: Role::App, kinds: &[PartKind::Postgres], why: "users, sales and tickets" },
        ],
        defaults: &[],
        example: "parts = [{ kind = \"folder\", role = \"auth\", path = \"/srv/spec-1/auth\", must_hold = [\"creds.json\"] }, \
                  { kind = \"postgres\", role = \"app\", url = \"postgres://app@127.0.0.1/spec1\", secret = \"spec1-postgres\" }]",
    },
    Layout {
        name: "jarvis",
        title: "Jarvis",
        needs: &[
            Need { role: Role::Auth, kinds: FOLDER, why: SIGNAL },
            Need { role: Role::App, kinds: &[PartKind::Sqlite], why: "memory, users and settings" },
        ],
        defaults: &[],
        example: "parts = [{ kind = \"folder\", role = \"auth\", path = \"/srv/jarvis/baileys/auth\", must_hold = [\"creds.json\"] }, \
                  { kind = \"sqlite\", role = \"app\", path = \"/srv/jarvis/jarvis.db\" }]",
    },
    Layout {
        name: "connector",
        title: "whatsapp-connector",
        needs: &[Need { role: Role::Auth, kinds: FOLDER, why: SIGNAL }],
        defaults: &[],
        example: "parts = [{ kind = \"folder\", role = \"auth\", path = \"/srv/connector/sessions\", must_hold = [\"creds.json\"] }, \
                  { kind = \"file\", role = \"config\", path = \"/srv/connector/.env\" }]",
    },
    Layout {
        name: "evolution",
        title: "Evolution API",
        needs: &[
            Need {
                role: Role::Auth,
                kinds: &[PartKind::Redis, PartKind::Folder],
                why: "Signal ratchets: PostgreSQL alone brings back a device that cannot decrypt",
            },
            Need { role: Role::App, kinds: &[PartKind::Postgres], why: "instances and devices" },
        ],
        defaults: &[],
        example: "parts = [{ kind = \"postgres\", role = \"app\", url = \"postgres://evolution@127.0.0.1/evolution\", \
                  secret = \"evolution-postgres\" }, { kind = \"redis\", role = \"auth\", url = \"redis://127.0.0.1:6379\", \
                  must_hold = [\"evolution:\"] }]",
    },
];

/// What is known of a gateway, by its name.
pub fn known(name: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.name == name)
}

/// What is to be taken of one gateway, and what must be among it.
#[derive(Debug)]
pub struct Plan {
    /// The name in config.toml.
    pub name: String,
    /// What is known of it, if it is a gateway that is known.
    pub layout: Option<&'static Layout>,
    /// What a complete set has a part for, besides, as the operator says.
    pub needs: Vec<Role>,
    /// What to take, each under a name of its own.
    pub parts: Vec<Planned>,
}

/// A part with its name and its place made out.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Unique in the set.
    pub name: String,
    /// As it was described.
    pub part: Part,
}

impl Plan {
    /// Reads the table of one gateway. `title` is what the plugin of that name calls itself, if there is one:
    /// what a gateway is tells that, and not the name that somebody gave it.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when there is none, with one to copy, or when it is wrong.
    pub fn of(name: &str, table: Option<&toml::Table>, title: Option<&str>) -> Result<Plan> {
        let told = match title {
            Some(title) => LAYOUTS.iter().find(|layout| layout.title == title),
            None => known(name),
        };
        let Some(table) = table else {
            let error = Error::new(ErrorKind::Usage, format!("nothing says what the state of {name} is made of"));
            return Err(match told {
                Some(layout) => error.hint(format!("write into config.toml, with your own paths:\n[dump.{name}]\n{}", layout.example)),
                None => error.hint(format!(
                    "write [dump.{name}] into config.toml with parts = [{{ kind, role, path or url }}, …]; gateways that are known: {}",
                    LAYOUTS.iter().map(|layout| layout.name).collect::<Vec<_>>().join(", ")
                )),
            });
        };
        let wrong = |what: String| {
            Error::new(ErrorKind::Usage, format!("[dump.{name}] in config.toml: {what}")).hint(
                "it has channel (a gateway's name), root (a folder), needs (roles that a complete set has) and parts, each with kind \
                 (postgres, sqlite, folder, file, redis), role (auth, app, config, media), and path or url",
            )
        };
        // The words of the mistake may repeat a value; only a password would matter, and none belongs there.
        let described: Described =
            table.clone().try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        let said = match described.channel.as_deref() {
            Some(channel) => Some(known(channel).ok_or_else(|| wrong(format!("nothing is known of a gateway {channel:?}")))?),
            None => None,
        };
        if let (Some(title), Some(told), Some(said)) = (title, told, said)
            && told.name != said.name
        {
            return Err(wrong(format!("it says channel = {:?}, and the plugin {name} is one of {title}", said.name)));
        }
        // A name is a guess, and goes behind what was said.
        let layout = if title.is_some() { told.or(said) } else { said.or(told) };
        let mut parts = Vec::new();
        if let (Some(layout), Some(_)) = (layout, &described.root) {
            parts.extend(layout.defaults.iter().map(|(kind, role, path, must_hold)| Part {
                name: None,
                kind: *kind,
                role: *role,
                path: Some(PathBuf::from(path)),
                url: None,
                secret: None,
                must_hold: must_hold.iter().map(|name| (*name).to_owned()).collect(),
                optional: true,
            }));
        }
        parts.extend(described.parts);
        if parts.is_empty() {
            return Err(wrong("it names no part".into()));
        }
        let mut planned: Vec<Planned> = Vec::new();
        for mut part in parts {
            let has_server = matches!(part.kind, PartKind::Postgres | PartKind::Redis);
            match (&part.path, &part.url) {
                (None, Some(url)) if has_server => check_url(url).map_err(wrong)?,
                (Some(_), None) if !has_server => {}
                _ => {
                    let place = if has_server { "url and no path" } else { "path and no url" };
                    return Err(wrong(format!("a part of kind {} has {place}", part.kind.name())));
                }
            }
            if let Some(path) = &part.path {
                let whole = described.root.as_deref().unwrap_or(Path::new("")).join(path);
                if !whole.is_absolute() {
                    return Err(wrong(format!("{} is no absolute path, and there is no root", whole.display())));
                }
                part.path = Some(whole);
            }
            let wanted = part.name.clone().unwrap_or_else(|| named(&part));
            let mut unique = plain(&wanted);
            let mut number = 2;
            while planned.iter().any(|known| known.name == unique) {
                unique = format!("{}-{number}", plain(&wanted));
                number += 1;
            }
            planned.push(Planned { name: unique, part });
        }
        let plan = Plan { name: name.to_owned(), layout, needs: described.needs, parts: planned };
        if let Some(role) = plan.needs.iter().find(|role| !plan.parts.iter().any(|planned| planned.part.role == **role)) {
            return Err(wrong(format!("it needs {}, and no part has this role", role.name())));
        }
        // What nobody described can never be in a set; that is known before anything is taken.
        let undescribed: Vec<&Need> =
            plan.unmet(|need, part| part.role == need.role && need.kinds.contains(&part.kind)).collect();
        if let Some(need) = undescribed.first() {
            let kinds: Vec<&str> = need.kinds.iter().map(|kind| kind.name()).collect();
            let text = format!("it says nowhere where {} lies ({})", need.role.name(), need.why);
            return Err(wrong(text).hint(format!(
                "add a part with role = {:?} and kind {}",
                need.role.name(),
                kinds.join(" or ")
            )));
        }
        Ok(plan)
    }

    /// Why nobody can know whether a set of this is complete, if that is so.
    pub fn unknown(&self) -> Option<String> {
        (self.layout.is_none() && self.needs.is_empty()).then(|| {
            format!(
                "wpp does not know what a gateway such as {} cannot do without, so a set of it is not known to be complete",
                self.name
            )
        })
    }

    /// Needs that no part meets, by what `meets` says of each.
    pub fn unmet<'a>(&'a self, meets: impl Fn(&Need, &Part) -> bool + 'a) -> impl Iterator<Item = &'static Need> + 'a {
        let needs: &'static [Need] = self.layout.map_or(&[], |layout| layout.needs);
        needs.iter().filter(move |need| !self.parts.iter().any(|planned| meets(need, &planned.part)))
    }
}

fn check_url(url: &str) -> std::result::Result<(), String> {
    let parsed = read(url).map_err(|_| "an url is no address")?;
    if parsed.password().is_some() || parsed.query_pairs().any(|(name, _)| name.contains("password")) {
        return Err(
            "an url holds a password: name it as a secret instead (secret = \"NAME\"), and change it, since it was in a file"
                .into(),
        );
    }
    match parsed.scheme() {
        "postgres" | "postgresql" => Postgres::parse(url).map(drop).map_err(|why| format!("an url is no address: {why}")),
        "redis" | "rediss" => Ok(()),
        other => Err(format!("{other}:// is neither postgres:// nor redis://")),
    }
}

/// The name of a part that has none.
fn named(part: &Part) -> String {
    match (&part.path, part.kind) {
        (Some(path), _) => {
            let names: Vec<_> =
                path.components().rev().take(2).map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
            // Of a file, its own name says enough.
            let count = if part.kind == PartKind::File { 1 } else { 2 };
            names.into_iter().take(count).rev().collect::<Vec<_>>().join("-")
        }
        (None, kind) => kind.name().to_owned(),
    }
}

/// A name for a member of a tar file: one component, and none that is hidden or leads elsewhere.
fn plain(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let text: String = name.chars().map(kept).take(64).collect();
    let text = text.trim_matches(['.', '-']);
    if text.is_empty() { "part".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(name: &str, text: &str) -> Result<Plan> {
        Plan::of(name, Some(&toml::from_str(text).unwrap()), None)
    }

    #[test]
    fn a_gateway_that_is_known_needs_no_more_than_its_folder() {
        let plan = plan("openwa", "root = '/srv/openwa'").unwrap();
        let names: Vec<&str> = plan.parts.iter().map(|planned| planned.name.as_str()).collect();
        assert!(names.contains(&"data-sessions") && names.contains(&"api-key") && names.contains(&"api-key-2"), "{names:?}");
        assert!(plan.parts.iter().all(|planned| planned.part.path.as_ref().unwrap().starts_with("/srv/openwa")));
    }

    #[test]
    fn every_example_is_one_that_can_be_copied() {
        for layout in LAYOUTS {
            let plan = plan(layout.name, layout.example).unwrap_or_else(|error| panic!("{}: {}", layout.name, error.chain()));
            assert!(!plan.parts.is_empty());
            assert!(Plan::of(layout.name, None, None).unwrap_err().hints()[0].contains(layout.example));
        }
    }

    #[test]
    fn what_cannot_be_complete_is_refused_before_anything_is_taken() {
        let postgres = "{ kind = 'postgres', role = 'app', url = 'postgres://e@h/e' }";
        for (name, text, part) in [
            // The mistake that brings back a device without ratchets.
            ("evolution", format!("parts = [{postgres}]"), "ratchets"),
            ("baileys", format!("parts = [{postgres}]"), "linked anew"),
            ("mine", "parts = []".into(), "no part"),
            ("mine", "parts = [{ kind = 'folder', role = 'auth', path = 'relative' }]".into(), "absolute"),
            ("mine", "parts = [{ kind = 'folder', role = 'auth', url = 'redis://h' }]".into(), "path and no url"),
            ("mine", "parts = [{ kind = 'redis', role = 'auth', url = 'redis://:hush@h' }]".into(), "password"),
            ("mine", "channel = 'unheard'\nparts = [{ kind = 'folder', role = 'auth', path = '/x' }]".into(), "unheard"),
            ("mine", "part = []".into(), "part"),
            // Programs would take the last of them.
            (
                "mine",
                "parts = [{ kind = 'postgres', role = 'app', url = 'postgres://u@/d?host=/tmp&host=192.0.2.2' }]".into(),
                "twice",
            ),
        ] {
            let error = plan(name, &text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
            assert!(error.message().contains(part) && !error.message().contains("hush"), "{text}: {error}");
        }
        assert!(plan("evolution", "parts = [{ kind = 'folder', role = 'auth', path = '/x' }]\nneeds = ['config']").is_err());
        assert!(
            plan("evolution", &format!("parts = [{postgres}, {{ kind = 'redis', role = 'auth', url = 'redis://h' }}]")).is_ok()
        );
    }

    #[test]
    fn a_gateway_is_what_its_plugin_calls_itself_and_not_what_somebody_named_it() {
        let of = |name: &str, title: Option<&str>, text: &str| Plan::of(name, Some(&toml::from_str(text).unwrap()), title);
        let database = "parts = [{ kind = 'sqlite', role = 'app', path = '/x' }]";
        for layout in LAYOUTS {
            assert_eq!(of("sales", Some(layout.title), layout.example).unwrap().layout.unwrap().name, layout.name);
            assert!(Plan::of("sales", None, Some(layout.title)).unwrap_err().hints()[0].contains(layout.example));
        }
        let error = of("sales", Some("OpenWA"), database).unwrap_err();
        assert!(error.message().contains("linked anew"), "{error}");
        // Another that is only called so.
        let other = of("openwa", Some("Another gateway"), database).unwrap();
        assert!(other.layout.is_none() && other.unknown().is_some());
        let error = of("sales", Some("OpenWA"), &format!("channel = 'connector'\n{database}")).unwrap_err();
        assert!(error.message().contains("OpenWA"), "{error}");
        // Of one that says nothing that is known, the operator says it.
        let said = of("sales", Some("Another gateway"), &format!("channel = 'openwa'\n{database}")).unwrap_err();
        assert!(said.message().contains("linked anew"), "{said}");
    }

    #[test]
    fn what_an_unknown_gateway_needs_only_its_operator_knows() {
        let parts = "parts = [{ kind = 'folder', role = 'auth', path = '/x' }]";
        assert!(plan("mine", parts).unwrap().unknown().unwrap().contains("not known to be complete"));
        assert_eq!(plan("mine", &format!("{parts}\nneeds = ['auth']")).unwrap().unknown(), None);
        let error = plan("mine", &format!("{parts}\nneeds = ['auth', 'app']")).unwrap_err();
        assert!(error.message().contains("needs app"), "{error}");
        assert!(plan("mine", &format!("{parts}\nneeds = ['keys']")).is_err());
        assert_eq!(plan("openwa", "root = '/srv/openwa'").unwrap().unknown(), None);
    }

    #[test]
    fn names_of_members_lead_nowhere_else() {
        for (name, kept) in [("../../etc", "etc"), (".env", "env"), ("a b", "a-b"), ("..", "part"), ("", "part")] {
            assert_eq!(plain(name), kept);
        }
    }
}
