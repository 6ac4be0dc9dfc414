//! Tables of `config.toml` whose names are the operator's: `[schedule.NAME]`, `[contacts.NAME]`,
//! `[alert.rule.ID]`.
//!
//! [`NAMED`] is the one list of them and of what can be set in each. What a value means is known to the
//! room that reads the table; that it is one of its kind is known here.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::{Class, Key, Kind, check, spelled, text_of, wanted};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::home::is_session_name;

/// One sort of table.
#[derive(Debug)]
pub struct Named {
    /// Dotted path of the tables: `schedule` for `[schedule.NAME]`.
    pub table: &'static str,
    /// What the operator's names are called in the help.
    pub placeholder: &'static str,
    /// What can be set in each. The path of a key is its name in the table.
    pub keys: &'static [Key],
    /// What a table is for.
    pub help: &'static str,
}

/// Every sort.
pub const NAMED: &[Named] = &[
    Named {
        table: "alert.rule",
        placeholder: "\"FINDING\"",
        help: "what is done about a finding, such as [alert.rule.\"wpp.home.disk-space\"]; `wpp alert matrix` shows all rules",
        keys: &[
            Key {
                path: "severity",
                kind: Kind::Word(&["", "info", "warning", "error", "critical"]),
                default: "",
                class: Class::Optional,
                help: "how much it matters, in the place of what the check says",
            },
            Key {
                path: "response_time",
                kind: Kind::Duration,
                default: "",
                class: Class::Optional,
                help: "how long after a contact was told the next one is, if nobody has acknowledged it",
            },
            Key { path: "runbook", kind: Kind::Text, default: "", class: Class::Optional, help: "the runbook to read" },
            Key {
                path: "contacts",
                kind: Kind::List,
                default: "",
                class: Class::Optional,
                help: "who is told, in this order, in the place of alert.escalation",
            },
        ],
    },
    Named {
        table: "contacts",
        placeholder: "NAME",
        help: "somebody to tell",
        keys: &[
            Key { path: "role", kind: Kind::Text, default: "", class: Class::Optional, help: "what this contact answers for" },
            Key {
                path: "response_time",
                kind: Kind::Duration,
                default: "",
                class: Class::Optional,
                help: "how long this contact may take to acknowledge, where the rule does not say",
            },
            Key {
                path: "channels",
                kind: Kind::List,
                default: "",
                class: Class::Optional,
                help: "channels of plugins that reach the contact; `wpp channel list` shows them",
            },
            Key {
                path: "to",
                kind: Kind::Text,
                default: "",
                class: Class::Optional,
                help: "whom the channels write to; as each is configured when empty",
            },
            Key {
                path: "command",
                kind: Kind::Command,
                default: "",
                class: Class::Optional,
                help: "program and arguments, as a list, that are run for each notice, which is JSON on its standard input",
            },
        ],
    },
    Named {
        table: "schedule",
        placeholder: "NAME",
        help: "something that is run when it is due",
        keys: &[
            Key {
                path: "run",
                kind: Kind::Command,
                default: "",
                class: Class::Optional,
                help: "the words of a command line of wpp after its name, as a list: [\"backup\"]",
            },
            Key {
                path: "runbook",
                kind: Kind::Text,
                default: "",
                class: Class::Optional,
                help: "id of a runbook to run, in the place of `run`",
            },
            Key {
                path: "set",
                kind: Kind::Command,
                default: "",
                class: Class::Optional,
                help: "parameters of the runbook, as a list: [\"session=main\"]",
            },
            Key {
                path: "when",
                kind: Kind::Text,
                default: "",
                class: Class::Optional,
                help: "\"0 9 * * MON\", \"@every:60\", \"daily 02:30\", \"first wednesday 22:00\"; as the runbook says when empty",
            },
            Key {
                path: "time_zone",
                kind: Kind::Zone,
                default: "",
                class: Class::Optional,
                help: "zone that `when` is told in, such as \"Asia/Kuala_Lumpur\"; as the runbook says, else the machine's, when empty",
            },
            Key {
                path: "missed",
                kind: Kind::Word(&["run-once", "skip", "tell"]),
                default: "run-once",
                class: Class::Optional,
                help: "what becomes of times at which nothing ran: run once when that is seen, skip them, or only tell",
            },
            Key {
                path: "jitter",
                kind: Kind::Duration,
                default: "",
                class: Class::Optional,
                help: "start up to this long after the time, by a part that differs between homes",
            },
            Key {
                path: "timeout",
                kind: Kind::Duration,
                default: "1h",
                class: Class::Optional,
                help: "how long one run may take; then it is killed",
            },
        ],
    },
    Named {
        table: "suppress",
        placeholder: "\"FINDING\"",
        help: "findings that the doctor shows apart and that fail nothing, such as [suppress.\"wpp.backup.stale\"]",
        keys: &[
            Key {
                path: "reason",
                kind: Kind::Text,
                default: "",
                class: Class::Required,
                help: "why; without a reason nothing is suppressed",
            },
            Key {
                path: "until",
                kind: Kind::Date,
                default: "",
                class: Class::Required,
                help: "the last day of it, in UTC, such as 2026-12-31; needed too",
            },
            Key {
                path: "session",
                kind: Kind::List,
                default: "",
                class: Class::Optional,
                help: "the sessions that it is about; all, and the host, when empty",
            },
        ],
    },
];

/// One table, with the defaults of what it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamedTable(BTreeMap<&'static str, String>);

impl NamedTable {
    /// A text setting; empty when it is not set and has no default.
    pub fn text(&self, name: &'static str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A duration, if it is set.
    pub fn duration(&self, name: &'static str) -> Option<Duration> {
        // Values were checked on their way in, so only an empty one does not parse.
        clock::duration(self.text(name))
    }

    /// The words of a command.
    pub fn command(&self, name: &'static str) -> Vec<String> {
        serde_json::from_str(self.text(name)).unwrap_or_default()
    }

    /// The words of a list.
    pub fn list(&self, name: &'static str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }
}

/// The tables by their sort and their names.
pub type NamedTables = BTreeMap<&'static str, BTreeMap<String, NamedTable>>;

/// Takes the operator's tables out of the file's, and reads them.
pub(super) fn take(path: &Path, file: &mut toml::Table) -> Result<NamedTables> {
    let mut all = NamedTables::new();
    for named in NAMED {
        let mut inside = &mut *file;
        let mut parts = named.table.split('.').peekable();
        let mut found = toml::Table::new();
        while let Some(part) = parts.next() {
            match inside.get_mut(part) {
                // The settings of `[schedule]` itself stay: tables in it are entries.
                Some(toml::Value::Table(table)) if parts.peek().is_none() => {
                    let names: Vec<String> =
                        table.iter().filter(|(_, value)| value.is_table()).map(|(name, _)| name.clone()).collect();
                    let is_setting =
                        |name: &String| super::KEYS.iter().any(|key| key.path.starts_with(&format!("{}.{name}.", named.table)));
                    let deeper = |name: &String| NAMED.iter().any(|other| other.table == format!("{}.{name}", named.table));
                    for name in names.into_iter().filter(|name| !is_setting(name) && !deeper(name)) {
                        found.extend(table.remove_entry(&name));
                    }
                    break;
                }
                Some(toml::Value::Table(table)) => inside = table,
                _ => break,
            }
        }
        let tables = found.into_iter().map(|(name, value)| read(path, named, name, value)).collect::<Result<_>>()?;
        all.insert(named.table, tables);
    }
    prune_empty(file);
    Ok(all)
}

/// Nothing is left of a table that held the operator's tables alone, so that it is no unknown setting.
fn prune_empty(file: &mut toml::Table) {
    for named in NAMED {
        if let Some((outer, inner)) = named.table.split_once('.')
            && let Some(toml::Value::Table(table)) = file.get_mut(outer)
            && table.get(inner).is_some_and(|inner| inner.as_table().is_some_and(toml::Table::is_empty))
        {
            table.remove(inner);
        }
        let outer = named.table.split('.').next().unwrap_or_default();
        if file.get(outer).is_some_and(|table| table.as_table().is_some_and(toml::Table::is_empty)) {
            file.remove(outer);
        }
    }
}

fn read(path: &Path, named: &Named, name: String, value: toml::Value) -> Result<(String, NamedTable)> {
    let full = format!("{}.{name}", named.table);
    let of_finding = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_*".contains(&byte))
    };
    let (good, rule) = match named.table {
        "alert.rule" | "suppress" => (of_finding(&name), "the id of a finding, in quotes"),
        _ => (is_session_name(&name), "1 to 64 of a-z, 0-9, _ and -"),
    };
    if !good {
        return Err(Error::new(ErrorKind::Usage, format!("{full} in {} is no name for such a table", path.display()))
            .hint(format!("a name is {rule}")));
    }
    // Only tables were taken.
    let toml::Value::Table(table) = value else { return Ok((name, NamedTable::default())) };
    let mut values: BTreeMap<&'static str, String> = named.keys.iter().map(|key| (key.path, key.default.to_owned())).collect();
    for (word, value) in table {
        let Some(key) = named.keys.iter().find(|key| key.path == word) else {
            let known: Vec<&str> = named.keys.iter().map(|key| key.path).collect();
            return Err(Error::new(
                ErrorKind::Usage,
                format!("{} sets {full}.{word}, which is not a setting of {}", path.display(), named.help),
            )
            .hint(format!("what can be set there: {}", known.join(", "))));
        };
        let Some(text) = text_of(&value, key.kind) else {
            let error = Error::new(
                ErrorKind::Usage,
                format!("{full}.{word} in {} is {} and must be {}", path.display(), value.type_str(), wanted(key.kind)),
            );
            return Err(match spelled(key, &word, &value) {
                Some(spelled) => error.hint(spelled).hint(key.help),
                None => error.hint(key.help),
            });
        };
        let text = check(key, &text).map_err(|reason| {
            Error::new(ErrorKind::Usage, format!("{full}.{word} in {} is {text:?}, which is not {reason}", path.display()))
                .hint(key.help)
        })?;
        values.insert(key.path, text);
    }
    Ok((name, NamedTable(values)))
}

/// The operator's tables, as the help tells of them.
pub fn help() -> String {
    let mut text = String::new();
    for named in NAMED {
        text.push_str(&format!("\n[{}.{}]\n    {}", named.table, named.placeholder, named.help));
        for key in named.keys {
            text.push_str(&format!(
                "\n  {} = {}{}\n      {}",
                key.path,
                super::Config::default_in_toml(key),
                key.class.note(),
                key.help
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    #[test]
    fn tables_of_the_operators_names_are_read_beside_the_settings_of_the_same_table() {
        let text = "[schedule]\ndaemon = true\n[schedule.nightly]\nrun = [\"backup\"]\nwhen = \"daily 02:30\"\n\
                    time_zone = \"Asia/Kuala_Lumpur\"\njitter = \"5m\"\n[alert]\nquiet_hours = \"22:00-07:00\"\n\
                    [alert.rule.\"wpp.home.disk-space\"]\nresponse_time = \"15m\"\ncontacts = [\"ann\", \"bob\"]\n\
                    [contacts.ann]\nchannels = [\"slack\"]\n";
        let config = load(text, &[]).unwrap();
        assert!(config.boolean("schedule.daemon"));
        assert_eq!(config.text("alert.quiet_hours"), "22:00-07:00");
        let entry = &config.named("schedule")["nightly"];
        assert_eq!((entry.command("run").join(" ").as_str(), entry.text("missed")), ("backup", "run-once"));
        assert_eq!(
            (entry.duration("jitter"), entry.duration("timeout")),
            (Some(Duration::from_secs(300)), Some(Duration::from_secs(3600)))
        );
        assert_eq!(config.named("alert.rule")["wpp.home.disk-space"].list("contacts"), ["ann", "bob"]);
        assert_eq!(config.named("contacts")["ann"].list("channels"), ["slack"]);
        assert!(load("", &[]).unwrap().named("schedule").is_empty());
    }

    #[test]
    fn what_is_wrong_in_such_a_table_is_named() {
        for (text, part) in [
            ("[schedule.x]\nwen = \"daily 02:30\"", "schedule.x.wen"),
            ("[schedule.x]\nrun = \"backup\"", "schedule.x.run"),
            ("[schedule.x]\nmissed = \"later\"", "schedule.x.missed"),
            ("[schedule.x]\ntime_zone = \"Mars/Olympus\"", "schedule.x.time_zone"),
            ("[schedule.x]\njitter = \"5 apples\"", "schedule.x.jitter"),
            ("[schedule.\"a b\"]\nwhen = \"daily 02:30\"", "schedule.a b"),
            ("[schedule]\nx = 3", "schedule.x"),
            ("[contacts]\nann = 3", "contacts"),
            ("[alert]\nquiet_hours = \"late\"", "alert.quiet_hours"),
            ("[alert.rule.x]\ntalk = 1", "alert.rule.x.talk"),
            ("[alert]\nzebra = 1", "alert.zebra"),
        ] {
            let error = load(text, &[]).unwrap_err();
            assert!(error.kind() == ErrorKind::Usage && error.message().contains(part), "{text}: {error}");
            assert!(!error.hints().is_empty(), "{text}");
        }
    }

    #[test]
    fn every_default_passes_its_own_check() {
        for key in NAMED.iter().flat_map(|named| named.keys) {
            assert_eq!(check(key, key.default).as_deref(), Ok(key.default), "{}", key.path);
        }
    }
}
