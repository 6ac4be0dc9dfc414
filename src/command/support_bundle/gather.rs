//! What goes into a bundle, file by file: each is built of fields that are named here, and of no others.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::bundle::clean::{Clean, Form, Texts};
use crate::bundle::known::{environment, is_open};
use crate::bundle::{PLUGINS, Part, README};
use crate::clock;
use crate::config::{Config, KEYS, Kind, Source};
use crate::disk;
use crate::doctor::catalog;
use crate::error::{Context as _, Error, Result};
use crate::evidence::strangers::Stranger;
use crate::plugin::grants::Grant;
use crate::plugin::registry::Registry;
use crate::report::Silent;
use crate::schedule::when::When;
use crate::session::store::LAST_KNOWN_MIGRATION;

/// Newest entries of the journal.
const ENTRIES_MAX: u32 = 400;
/// Lines of all logs together.
const LINES_MAX: usize = 20_000;

/// What becomes of the end of each session's log.
pub struct Logs<'a> {
    /// The newest lines of each.
    pub lines: u32,
    /// Sessions of which it is not known what was written in them.
    pub unread: &'a [String],
}

/// All files of a bundle.
pub struct Gathered {
    /// The files.
    pub parts: Vec<Part>,
    /// What they lack because it could not be told whose it is, in sentences for the bundle: they name nobody.
    pub held_back: Vec<String>,
}

/// Makes all files. `broken` says why the settings cannot be read.
pub fn gather(app: &App, stranger: &Stranger, broken: Option<&Error>, logs: &Logs<'_>) -> Result<Gathered> {
    let home = app.home().root().display().to_string();
    let gather = Gather { app, stranger, home: &home };
    let status = gather.run(&["status", "--all"]);
    let capacity = gather.run(&["capacity", "--all"]);
    let mut parts = vec![
        Part { name: "README.txt".into(), bytes: README.as_bytes().to_vec(), replaced: Default::default() },
        gather.versions(&status)?,
        gather.host(&capacity)?,
        gather.config(broken)?,
        gather.environment()?,
        gather.doctor()?,
        gather.part("status.json", &status, |clean, report| clean.tree(&report["data"], STATUS))?,
        gather.journal()?,
        gather.schedule()?,
        gather.part("capacity.json", &capacity, |clean, report| clean.tree(&report["data"], CAPACITY))?,
        gather.plugins()?,
        gather.evidence()?,
    ];
    let mut held_back = Vec::new();
    parts.extend(gather.logs(logs, &mut held_back)?);
    Ok(Gathered { parts, held_back })
}

struct Gather<'a> {
    app: &'a App,
    stranger: &'a Stranger,
    home: &'a str,
}

impl<'a> Gather<'a> {
    fn clean(&self) -> Clean<'a> {
        Clean::new(self.stranger, self.home)
    }

    /// A line of `wpp` about this home, as an operator would type it.
    fn run(&self, words: &[&str]) -> Result<Value> {
        let line: Vec<String> = ["--home", self.home].iter().chain(words).map(|word| (*word).to_owned()).collect();
        let report = crate::command::run_line(&line, Arc::new(Silent))?;
        serde_json::to_value(&report).while_doing(|| "cannot write the report as JSON".into())
    }

    /// A file made of what could be learned, or of why it could not.
    fn part<T>(&self, name: &str, learned: &Result<T>, make: impl FnOnce(&mut Clean<'a>, &T) -> Value) -> Result<Part> {
        let mut clean = self.clean();
        let value = told(&mut clean, learned, make);
        clean.part(name, &value)
    }

    fn versions(&self, status: &Result<Value>) -> Result<Part> {
        let mut clean = self.clean();
        let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
        let daemons = status.as_ref().ok().and_then(|report| report["data"]["sessions"].as_array().cloned()).unwrap_or_default();
        let daemons: Vec<Value> =
            daemons.iter().map(|daemon| clean.tree(daemon, &[("session", Form::Session), ("version", Form::Version)])).collect();
        let value = json!({
            "wpp": env!("CARGO_PKG_VERSION"),
            "system": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "kernel": clean.version(&kernel),
            "sqlite": rusqlite::version(),
            "store_migration_known": LAST_KNOWN_MIGRATION,
            "home": self.app.home().kind().name(),
            "daemons": daemons,
        });
        clean.part("versions.json", &value)
    }

    fn host(&self, capacity: &Result<Value>) -> Result<Part> {
        let mut clean = self.clean();
        let machine = told(&mut clean, capacity, |clean, report| clean.tree(&report["data"]["machine"], CAPACITY));
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| std::env::var(name).ok());
        let utf8 = locale.is_some_and(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
        let exists = |path: &str| Path::new(path).exists();
        let value = json!({
            "machine": machine,
            "root": rustix::process::geteuid().is_root(),
            "open_files_max": files.current,
            "utc_offset_minutes": clock::now().to_zoned(clock::local_zone().0).offset().seconds() / 60,
            "utf8": utf8,
            "container": exists("/.dockerenv") || exists("/run/.containerenv"),
            "systemd": exists("/run/systemd/system"),
        });
        clean.part("host.json", &value)
    }

    fn config(&self, broken: Option<&Error>) -> Result<Part> {
        let mut clean = self.clean();
        let mut settings = Map::new();
        for (key, value, source) in self.app.config().all() {
            let source = match source {
                Source::Default => "default",
                Source::File(_) => "config.toml",
                Source::Environment(_) => "environment",
                Source::Flag => "command line",
            };
            let shown = match key.kind {
                // As what they are: digits in a text are looked at as somebody's number.
                Kind::Number(..) => value.parse::<u64>().map_or(Value::Null, Value::from),
                Kind::Boolean => json!(value == "true"),
                kind if is_open(kind) => json!(value),
                _ => Value::Null,
            };
            settings.insert(key.path.to_owned(), json!({ "from": source, "set": value != key.default, "value": shown }));
        }
        let tables: Map<String, Value> = crate::config::named::NAMED
            .iter()
            .map(|named| (named.table.to_owned(), self.app.config().named(named.table).len().into()))
            .collect();
        let value = json!({
            "problem": broken.map(|error| clean.text(&error.chain())),
            "settings": settings,
            "tables": tables,
            "secret_commands": self.app.config().secret_commands().len(),
        });
        clean.part("config.json", &value)
    }

    fn environment(&self) -> Result<Part> {
        let clean = self.clean();
        let known: Vec<String> = KEYS.iter().map(Config::variable).collect();
        let others = ["WPP_HOME", "WPP_DISK_FAULT", "NO_COLOR", "CLICOLOR_FORCE", "LANG", "LC_ALL", "TZ", "TERM", "PATH", "HOME"];
        let all = environment();
        let names: Vec<&String> = all.keys().filter(|name| known.contains(name) || others.contains(&name.as_str())).collect();
        let secrets = all.keys().filter(|name| name.starts_with("WPP_SECRET_")).count();
        let unknown = all.keys().filter(|name| name.starts_with("WPP_") && !names.contains(name)).count() - secrets;
        let value = json!({ "names": names, "secrets": secrets, "unknown_wpp_variables": unknown, "all": all.len() });
        clean.part("environment.json", &value)
    }

    fn doctor(&self) -> Result<Part> {
        self.part("doctor.json", &self.run(&["doctor", "--all", "--fail-on", "never", "--offline"]), |clean, report| {
            let findings: Vec<Value> = array(&report["findings"]).iter().map(|finding| finding_of(clean, finding)).collect();
            let fields = [("kind", Form::Term), ("version", Form::Version), ("fail_on", Form::Term)];
            let mut data = clean.tree(&report["data"], &fields);
            data["counts"] = clean.tree(&report["data"]["counts"], SEVERITIES);
            for name in ["checks", "skipped"] {
                data[name] = array(&report["data"][name]).iter().map(|check| check_of(clean, check)).collect();
            }
            json!({ "data": data, "findings": findings })
        })
    }

    fn journal(&self) -> Result<Part> {
        // Looking must not make one.
        let entries = match self.app.home().journal().exists() {
            true => self.app.journal().and_then(|journal| journal.newest(ENTRIES_MAX)),
            false => Ok(Vec::new()),
        };
        self.part("journal.json", &entries, |clean, entries| {
            let entries: Vec<Value> = entries
                .iter()
                .map(|entry| {
                    json!({
                        "id": entry.id,
                        "at": clock::rfc3339(clock::from_ms(entry.at_ms)),
                        "session": entry.session.as_deref().map(|name| clean.session(name)),
                        "verb": clean.term(&entry.verb),
                        "state": clean.term(&entry.state),
                    })
                })
                .collect();
            json!({ "entries": entries })
        })
    }

    fn schedule(&self) -> Result<Part> {
        let commands: Vec<String> =
            crate::command::tree().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        self.part("schedule.json", &self.run(&["schedule", "list"]), |clean, report| {
            let data = &report["data"];
            let mut entries = Vec::new();
            for entry in array(&data["entries"]) {
                let mut kept = clean.tree(entry, ENTRY);
                // Of a command line its first word alone: what follows may be a number and a text.
                let words = array(&entry["run"]);
                let first = words.first().and_then(Value::as_str);
                kept["run"] =
                    json!(first.map(|word| clean.own_name(word, |word| commands.iter().any(|command| command == word))));
                kept["words"] = json!(words.len());
                kept["runbook"] = json!(entry["runbook"].as_str().map(|id| clean.term(id)));
                kept["when"] = json!(entry["when"].as_str().map(|when| clean.own_name(when, |when| When::parse(when).is_ok())));
                entries.push(kept);
            }
            let mut value = clean.tree(data, &[("looked", Form::Time), ("daemon", Form::Text)]);
            value["entries"] = json!(entries);
            value
        })
    }

    fn plugins(&self) -> Result<Part> {
        self.part("plugins.json", &Registry::open(self.app.home()), |clean, registry| {
            let mut plugins = Vec::new();
            for (name, pinned) in registry.all() {
                let grants: Vec<String> = pinned.grants.0.iter().map(|grant| grant_of(clean, grant)).collect();
                let interfaces: Vec<String> = pinned.interfaces.iter().map(|name| clean.term(name)).collect();
                plugins.push(json!({
                    "name": clean.own_name(name, |name| PLUGINS.contains(&name)),
                    "sha256": clean.hash(&pinned.sha256),
                    "size_bytes": pinned.size_bytes,
                    "added": clean.time(&pinned.added),
                    "interfaces": interfaces,
                    "imports": pinned.imports.len(),
                    "signed": pinned.signed_by.is_some(),
                    "grants": grants,
                    "as_added": registry.bytes(name).is_ok(),
                }));
            }
            json!({ "plugins": plugins })
        })
    }

    fn evidence(&self) -> Result<Part> {
        self.part("evidence.json", &self.run(&["evidence", "list"]), |clean, report| {
            let fields = [("of", Form::Term), ("verdict", Form::Term), ("began", Form::Time), ("size_bytes", Form::Text)];
            let runs: Vec<Value> = array(&report["data"]["evidence"]).iter().map(|run| clean.tree(run, &fields)).collect();
            json!({ "evidence": runs })
        })
    }

    /// The end of each session's log, numbered: a name may be somebody's.
    fn logs(&self, logs: &Logs<'_>, held_back: &mut Vec<String>) -> Result<Vec<Part>> {
        let names = self.app.home().session_names()?;
        let each = (logs.lines as usize).min(LINES_MAX / names.len().max(1));
        let mut parts = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let mut clean = self.clean();
            let session = self.app.home().session(name);
            let part = format!("logs/{}.jsonl", number + 1);
            let of = clean.session(name);
            let mut values = vec![json!({ "log_of": of })];
            let texts = if logs.unread.contains(name) { Texts::Unknown } else { Texts::Known };
            if texts == Texts::Unknown {
                values.push(json!({ "left_out": ALL_BUT_OWN }));
                held_back.push(format!("{part}, the log of {of}: {ALL_BUT_OWN}"));
            }
            // What a link leads to may be anything.
            let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|seen| seen.is_symlink());
            let links = is_link(&session.logs()) || disk::list(&session.logs())?.iter().any(|path| is_link(path));
            match crate::command::logs::newest(&session, if links { 0 } else { each }) {
                _ if links => values.push(json!({ "left_out": "the log, for a symbolic link stands in its place" })),
                Ok((newest, ..)) => values.extend(newest.iter().map(|line| clean.log_line(line, texts))),
                Err(error) => values.push(failed(&mut clean, &error)),
            }
            parts.push(clean.lines(part, &values));
        }
        Ok(parts)
    }
}

/// What a log lacks whose session's messages could not be read.
const ALL_BUT_OWN: &str =
    "all but messages and reasons of wpp that are known word for word, for what was written in the session could not be read";

/// What is made of what could be learned, or why it could not be.
fn told<'a, T>(clean: &mut Clean<'a>, learned: &Result<T>, make: impl FnOnce(&mut Clean<'a>, &T) -> Value) -> Value {
    match learned {
        Ok(learned) => make(clean, learned),
        Err(error) => failed(clean, error),
    }
}

fn failed(clean: &mut Clean<'_>, error: &Error) -> Value {
    json!({ "error": { "code": error.kind().code(), "message": clean.text(&error.chain()) } })
}

/// The values of a list, of which there are none in what is no list.
fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether a check is one of `wpp`'s own.
fn is_own(id: &str) -> bool {
    catalog::checks().any(|check| check.id == id)
}

/// The id of a check: a plugin's is told by parts that are words.
fn id_of(clean: &mut Clean<'_>, id: &str) -> String {
    let (plugin, rest) = id.split_once('.').unwrap_or((id, ""));
    let plain = PLUGINS.contains(&plugin) && rest.bytes().all(|byte| byte.is_ascii_lowercase() || b".-".contains(&byte));
    if is_own(id) || plain { id.to_owned() } else { clean.term(id) }
}

fn check_of(clean: &mut Clean<'_>, check: &Value) -> Value {
    // Why one of a plugin's was not made is told in the plugin's words.
    let reason = if check["id"].as_str().is_some_and(is_own) { Form::Told } else { Form::Text };
    let fields = [("sessions", Form::Session), ("severity", Form::Term), ("count", Form::Text), ("reason", reason)];
    let mut kept = clean.tree(check, &fields);
    kept["id"] = json!(check["id"].as_str().map(|id| id_of(clean, id)));
    kept
}

/// What a check says. Of what a plugin says only its id, severity and class: the words are a server's.
fn finding_of(clean: &mut Clean<'_>, finding: &Value) -> Value {
    let id = finding["id"].as_str().unwrap_or_default();
    let fields: &[(&str, Form)] = if is_own(id) { FINDING } else { &FINDING[..FINDING_OF_PLUGIN] };
    let mut kept = clean.tree(finding, fields);
    kept["id"] = json!(id_of(clean, id));
    kept
}

fn grant_of(clean: &mut Clean<'_>, grant: &Grant) -> String {
    let text = grant.to_string();
    let kind = text.split('=').next().unwrap_or_default();
    let kind = clean.word(kind, &["http", "secret", "private"]);
    format!("{kind} {}", clean.name(&text))
}

const SEVERITIES: &[(&str, Form)] = &[
    ("ok", Form::Term),
    ("info", Form::Term),
    ("warning", Form::Term),
    ("unknown", Form::Term),
    ("error", Form::Term),
    ("critical", Form::Term),
];

/// Fields of [`FINDING`], from its beginning, that a plugin's finding keeps.
const FINDING_OF_PLUGIN: usize = 4;

const FINDING: &[(&str, Form)] = &[
    ("severity", Form::Term),
    ("area", Form::Term),
    ("session", Form::Session),
    ("class", Form::Term),
    ("summary", Form::Told),
    ("evidence", Form::Told),
    ("what", Form::Told),
    ("expected", Form::Told),
    ("observed", Form::Told),
    ("remedy", Form::Told),
    ("command", Form::Told),
    ("since", Form::Time),
    ("since_ms", Form::Text),
    ("new", Form::Text),
];

/// Fields of an entry of the schedule, and of its last run.
const ENTRY: &[(&str, Form)] = &[
    ("name", Form::Name),
    ("missed", Form::Term),
    ("next", Form::Time),
    ("last", Form::Text),
    ("due", Form::Time),
    ("state", Form::Term),
    ("missed_before", Form::Text),
    ("began", Form::Time),
    ("ended", Form::Time),
    ("exit_code", Form::Text),
];

const STATUS: &[(&str, Form)] = &[
    ("sessions", Form::Text),
    ("session", Form::Session),
    ("state", Form::Term),
    ("reason", Form::Term),
    ("detail", Form::Text),
    ("error", Form::Text),
    ("holder", Form::Text),
    ("since_ms", Form::Text),
    ("pid", Form::Text),
    ("version", Form::Version),
    ("started_ms", Form::Text),
    ("paired", Form::Text),
    ("last_heard_ms", Form::Text),
    ("reconnects", Form::Text),
    ("outbound_paused", Form::Text),
    ("sync_enabled", Form::Text),
    ("outbox_pending", Form::Text),
    ("messages", Form::Text),
    ("last_event_id", Form::Text),
    ("search_mode", Form::Term),
    ("edited_ms", Form::Text),
];

const CAPACITY: &[(&str, Form)] = &[
    ("days", Form::Text),
    ("machine", Form::Text),
    ("cores", Form::Text),
    ("cpu_percent", Form::Text),
    ("busy", Form::Text),
    ("percent", Form::Text),
    ("from", Form::Term),
    ("memory_total_bytes", Form::Text),
    ("memory_available_bytes", Form::Text),
    ("memory_percent", Form::Text),
    ("disk_total_bytes", Form::Text),
    ("disk_free_bytes", Form::Text),
    ("disk_percent", Form::Text),
    ("disk_growth", Form::Text),
    ("bytes_per_day", Form::Text),
    ("span_ms", Form::Text),
    ("days_to_full", Form::Text),
    ("sessions", Form::Text),
    ("session", Form::Session),
    ("running", Form::Text),
    ("memory_bytes", Form::Text),
    ("memory_bytes_max", Form::Text),
    ("cpu_cores", Form::Text),
    ("cpu_cores_max", Form::Text),
    ("disk_bytes", Form::Text),
    ("growth", Form::Text),
    ("messages", Form::Text),
    ("response_ms", Form::Text),
    ("samples", Form::Text),
    ("newest_sample_ms", Form::Text),
    ("rooms", Form::Text),
    ("resource", Form::Term),
    ("used_percent", Form::Text),
    ("one_takes", Form::Text),
    ("fits", Form::Text),
    ("limited_by", Form::Term),
    ("decision", Form::Text),
    ("branches", Form::Text),
    ("value", Form::Text),
    ("answer", Form::Term),
    ("outcome", Form::Term),
];
