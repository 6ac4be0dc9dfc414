//! What the doctor has to be told by rooms that stand above it: settings as the operator wrote them, the
//! files that call the schedule, and whether evidence is as it was written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::clock;
use crate::config::named::NAMED;
use crate::config::{Class, Config, KEYS, Key, Source};
use crate::doctor::probe;
use crate::evidence::{self, seal};
use crate::facts::{EntryLook, EvidenceFacts, Override, Probed, SecretLook, SettingsFacts};
use crate::home::Home;
use crate::schedule::Entry;
use crate::schedule::install::{Caller, unit_folder};

/// The newest runs whose files are compared with their sums, and how much they may hold together.
const RUNS_MAX: usize = 3;
const EVIDENCE_BYTES_MAX: u64 = 4 << 20;
/// Folders of systemd in which an administrator may have put the units.
const UNIT_FOLDERS: [&str; 2] = ["/etc/systemd/system", "/etc/systemd/user"];
/// Variables that are read and are no settings.
const OTHERS: [&str; 6] = ["WPP_HOME", "WPP_SESSION", "WPP_BACKUP_PASSPHRASE", "WPP_DISK_FAULT", "WPP_MACHINE", "WPP_ENDPOINT"];
/// Beginnings of variables that are read, or that belong to the project's own tests.
const BEGINNINGS: [&str; 5] = ["WPP_SECRET_", "WPP_TEST_", "WPP_GUEST_", "WPP_BLESS", "WPP_FAULT_"];

/// What is handed to the doctor.
pub(super) struct Upkeep {
    pub settings: Probed<SettingsFacts>,
    pub units: Vec<PathBuf>,
    pub secret_variables: Vec<SecretLook>,
}

impl Upkeep {
    /// Looks at the settings of a home and at what stands beside them.
    /// `entries` are those of the schedule; `None` when the settings do not load.
    pub(super) fn of(
        home: Option<&Home>,
        config: &Config,
        entries: Option<&[Entry]>,
        environment: &BTreeMap<String, String>,
    ) -> Upkeep {
        let secret_variables = probe::upkeep::secret_variables(environment);
        let Some(home) = home else {
            let settings = Probed::NotApplicable("the home does not open".into());
            return Upkeep { settings, units: Vec::new(), secret_variables };
        };
        let settings = match entries {
            None => Probed::NotApplicable("the settings do not load".into()),
            Some(entries) => settings(home, config, entries, environment),
        };
        Upkeep { settings, units: units(home), secret_variables }
    }
}

fn settings(home: &Home, config: &Config, entries: &[Entry], environment: &BTreeMap<String, String>) -> Probed<SettingsFacts> {
    let file = match Config::load(&home.config(), &BTreeMap::new()) {
        Ok(file) => file,
        Err(error) => return Probed::Failed(error.chain()),
    };
    let by_file: BTreeMap<&str, (&str, &Source)> = file.all().map(|(key, value, source)| (key.path, (value, source))).collect();
    let overrides = config.all().filter_map(|(key, value, source)| match (source, by_file.get(key.path)) {
        // What the file does not say nobody is misled by.
        (Source::Environment(variable), Some((written, Source::File(_)))) if *written != value => {
            Some(Override { variable: variable.clone(), setting: key.path.to_owned() })
        }
        _ => None,
    });
    let is_set = |path: &str| by_file.get(path).is_some_and(|(_, source)| matches!(source, Source::File(_)));
    let set = |beginning: &str| -> Vec<String> {
        KEYS.iter().map(|key| key.path).filter(|path| path.starts_with(beginning) && is_set(path)).map(str::to_owned).collect()
    };
    let keys: Vec<(&Key, bool)> = config.all().map(|(key, _, source)| (key, *source != Source::Default)).collect();
    let of_tables = NAMED.iter().flat_map(|named| {
        config.named(named.table).iter().flat_map(move |(name, table)| {
            let place = format!("{}.{name}", named.table);
            deprecated(&place, named.keys.iter().map(|key| (key, table.text(key.path) != key.default))).collect::<Vec<_>>()
        })
    });
    let rules = config.named("alert.rule").keys().map(|finding| format!("alert.rule.{finding:?}"));
    let now = clock::now();
    Probed::Known(SettingsFacts {
        overrides: overrides.collect(),
        unknown_variables: unknown_variables(environment),
        clear_secrets: clear_secrets(config),
        watchdog_ms: config.number("daemon.watchdog_ms"),
        signature_required: config.boolean("plugins.signature_required"),
        public_keys: config.list("plugins.public_keys").count() as u64,
        to_s3: config.text("backup.destination").starts_with("s3://"),
        s3_settings: set("backup.s3."),
        contacts: config.named("contacts").len() as u64,
        alert_settings: set("alert.").into_iter().chain(rules).collect(),
        entries: entries
            .iter()
            .map(|entry| EntryLook {
                name: entry.name.clone(),
                words: entry.argv.iter().chain(&entry.runbook).cloned().collect(),
                interval_s: entry.when.interval(now, &entry.zone).as_secs(),
            })
            .collect(),
        deprecated: deprecated("", keys.iter().copied()).chain(of_tables).collect(),
        recommended_unset: recommended_unset(&keys),
    })
}

/// Of some keys, and whether somebody set each, those that will not be read for ever, with what to write instead.
/// `place` is the table that they stand in; empty for none.
fn deprecated<'a>(place: &str, keys: impl Iterator<Item = (&'a Key, bool)>) -> impl Iterator<Item = (String, String)> {
    let beginning = if place.is_empty() { String::new() } else { format!("{place}.") };
    let set = keys.filter(|(_, is_set)| *is_set);
    set.filter_map(move |(key, _)| Some((format!("{beginning}{}", key.path), key.class.instead()?.to_owned())))
}

/// Of some keys, and whether somebody set each, those that a home should say and that nobody set. One rule of what
/// archives to keep is as good as another.
fn recommended_unset(keys: &[(&Key, bool)]) -> Vec<String> {
    let is_rule = |key: &Key| key.path.starts_with("backup.keep_");
    let has_rule = keys.iter().any(|(key, is_set)| *is_set && is_rule(key));
    let unset = keys.iter().filter(|(key, is_set)| key.class == Class::Recommended && !is_set && !(has_rule && is_rule(key)));
    unset.map(|(key, _)| key.path.to_owned()).collect()
}

/// Variables that look like misspelt settings, each with the one that may be meant.
fn unknown_variables(environment: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let known: Vec<String> = KEYS.iter().map(Config::variable).chain(OTHERS.map(str::to_owned)).collect();
    let is_known = |name: &String| known.contains(name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
    let unknown = environment.keys().filter(|name| name.starts_with("WPP_") && !is_known(name));
    let near = |name: &String| {
        // The one setting whose variable has another name than its own.
        if name == "WPP_DEFAULT_SESSION" {
            return Some("WPP_SESSION".to_owned());
        }
        let distances = known.iter().map(|other| (strsim::damerau_levenshtein(name, other), other));
        distances.filter(|(distance, _)| *distance <= 3).min().map(|(_, other)| other.clone())
    };
    // An operator may well have variables of their own; only what looks misspelt is worth a word.
    unknown.filter_map(|name| Some((name.clone(), near(name)?))).collect()
}

/// Places of the settings in which something with a secret's form stands.
fn clear_secrets(config: &Config) -> Vec<String> {
    let mut places = Vec::new();
    for (plugin, table) in config.plugins() {
        let secret = table.iter().filter(|(key, value)| is_secret(key, value));
        places.extend(secret.map(|(key, _)| format!("plugin.{plugin}.{key}")));
    }
    for named in NAMED {
        for (name, table) in config.named(named.table) {
            for key in named.keys.iter().filter(|key| is_secret(key.path, table.text(key.path))) {
                places.push(format!("{}.{name}.{}", named.table, key.path));
            }
        }
    }
    // Addresses of a kind of their own are meant to be there.
    let plain = config.all().filter(|(key, ..)| !matches!(key.kind, crate::config::Kind::SecretAddress));
    places.extend(plain.filter(|(key, value, _)| is_secret(key.path, value)).map(|(key, ..)| key.path.to_owned()));
    places
}

/// Whether a value has the form of a secret, or the name says so and the value is no mere name.
fn is_secret(key: &str, value: &str) -> bool {
    let named = probe::upkeep::is_secret_name(key);
    let has = |test: fn(&char) -> bool| value.chars().any(|c| test(&c));
    let dense =
        value.len() >= 16 && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic) && !value.contains([' ', '/', '{']);
    let with_password = value.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split('/').next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
    });
    (named && dense) || with_password || probe::traces::has_token(value.as_bytes())
}

/// Files from which systemd would know that this home's schedule is to be called.
fn units(home: &Home) -> Vec<PathBuf> {
    let unit = Caller { program: PathBuf::new(), home: home.root().to_owned() }.unit();
    let folders = UNIT_FOLDERS.map(PathBuf::from).into_iter().chain(unit_folder().ok());
    folders.flat_map(|folder| ["service", "timer"].map(|ending| folder.join(format!("{unit}.{ending}")))).collect()
}

/// Whether the newest evidence is as it was written.
pub(super) fn evidence(home: &Home) -> Probed<EvidenceFacts> {
    let mut folders = match evidence::all(&home.reports()) {
        Ok(folders) if folders.is_empty() => return Probed::NotApplicable("there is no evidence yet".into()),
        Ok(folders) => folders,
        Err(error) => return Probed::Failed(error.chain()),
    };
    let mut facts = EvidenceFacts::default();
    let mut bytes = 0;
    for folder in folders.drain(..).rev().take(RUNS_MAX) {
        bytes += crate::disk::folder_size_bytes(folder.path()).unwrap_or(0);
        if bytes > EVIDENCE_BYTES_MAX && facts.checked > 0 {
            break;
        }
        let checked = match folder.check() {
            Ok(checked) if checked.is_sound() => Ok(checked),
            // Its list is that of the time before.
            _ if is_taken_up(home, &folder) => continue,
            // Whoever worked on it may have finished it meanwhile.
            _ => folder.check(),
        };
        match checked {
            Ok(checked) if checked.is_sound() => {}
            Ok(checked) => facts.unsound.push((folder.id(), checked.wrong().unwrap_or_default())),
            // One that has no sums was not finished: it may still run.
            Err(_) if !folder.path().join(evidence::SUMS).exists() => continue,
            Err(error) => facts.unsound.push((folder.id(), error.chain())),
        }
        facts.checked += 1;
    }
    if facts.checked == 0 { Probed::NotApplicable("there is no finished evidence yet".into()) } else { Probed::Known(facts) }
}

/// Whether a run that had been finished works on its evidence again, or began to and was cut off, which is told with the
/// runs that are open.
fn is_taken_up(home: &Home, folder: &evidence::Folder) -> bool {
    // What the journal cannot say leaves what was found as it is.
    let seal = || {
        let journal = probe::journal::open_entries(&home.journal()).ok()??;
        seal::of(&journal, &folder.id()).ok()?
    };
    folder.is_under_way() || seal().is_some_and(|seal| seal.sha256.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Lock;
    use crate::home::HomeKind;
    use crate::journal::Journal;

    #[test]
    fn evidence_that_a_run_works_on_again_is_not_called_changed() {
        let scratch = tempfile::tempdir().unwrap();
        let home = Home::create(scratch.path(), HomeKind::Sandbox).unwrap();
        let journal = Journal::open(&home.journal()).unwrap();
        let folder = evidence::Folder::at(&home.reports().join("smoke-20261121T100000Z"));
        let finish = || {
            let sums = folder.keep(&[("report.json", b"{}".to_vec())], &evidence::redact::Redaction::for_tests()).unwrap();
            seal::close(&journal, &folder.id(), &folder, sums).unwrap();
        };
        let unsound = || evidence(&home).known().map(|facts| facts.unsound.len());
        assert_eq!(unsound(), None);
        finish();
        assert_eq!(unsound(), Some(0));
        std::fs::write(folder.path().join("more.txt"), "x").unwrap();
        assert_eq!(unsound(), Some(1));
        let lock = Lock::acquire(&folder.path().join("LOCK"), "runbook").unwrap();
        assert_eq!(unsound(), None, "somebody works on it");
        seal::open(&journal, &folder.id()).unwrap();
        drop(lock);
        assert_eq!(unsound(), None, "it was cut off, which is told with the open runs");
        finish();
        assert_eq!(unsound(), Some(0));
    }

    #[test]
    fn a_secret_is_told_from_the_name_of_one() {
        for (key, value) in [
            ("key", "owa_k1_0123456789abcdef0123456789abcdef"),
            ("api_key", "0123456789abcdef0123"),
            ("url", "https://me:pass@host/x"),
            ("command", "[\"curl\",\"-H\",\"Authorization: Bearer abcdef0123456789\"]"),
        ] {
            assert!(is_secret(key, value), "{key} {value}");
        }
        for (key, value) in [
            ("api_key", "openwa-key"),
            ("secret", "help-desk.key"),
            ("url", "https://host:8443/api"),
            ("url", "https://me@host/x"),
            ("token_file", "/run/secrets/token-0123456789"),
            ("session", "0123456789abcdef0123456789abcdef"),
        ] {
            assert!(!is_secret(key, value), "{key} {value}");
        }
    }

    /// No setting is given up at this moment, so the table is the test's own.
    #[test]
    fn what_is_given_up_is_told_when_it_is_set_and_what_is_recommended_when_it_is_not() {
        let key = |path, class| Key { path, kind: crate::config::Kind::Text, default: "", class, help: "" };
        let old = key("backup.target", Class::Deprecated("backup.destination"));
        let (place, rule) = (key("backup.destination", Class::Recommended), key("backup.keep_daily", Class::Recommended));
        let other_rule = key("backup.keep_last", Class::Optional);
        let told = |is_set: bool| deprecated("", [(&old, is_set), (&place, true)].into_iter()).collect::<Vec<_>>();
        assert_eq!((told(true), told(false)), (vec![("backup.target".to_owned(), "backup.destination".to_owned())], vec![]));
        let nightly: Vec<_> = deprecated("schedule.nightly", [(&old, true)].into_iter()).map(|(setting, _)| setting).collect();
        assert_eq!(nightly, ["schedule.nightly.backup.target"]);
        let unset = |place_set, rule_set, other_set| {
            recommended_unset(&[(&place, place_set), (&rule, rule_set), (&other_rule, other_set), (&old, false)])
        };
        assert_eq!(unset(false, false, false), ["backup.destination", "backup.keep_daily"]);
        assert_eq!(unset(false, false, true), ["backup.destination"], "one rule of what to keep is as good as another");
        assert!(unset(true, true, false).is_empty());
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_one_that_is_meant() {
        let names = ["WPP_BACKUP_DESTINATON", "WPP_HOME", "WPP_SECRET_X", "WPP_LOG_FILES_MAX", "PATH", "WPP_ZEBRA_OF_MINE"];
        let environment = names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        let unknown = unknown_variables(&environment);
        assert_eq!(unknown, [("WPP_BACKUP_DESTINATON".to_owned(), "WPP_BACKUP_DESTINATION".to_owned())]);
    }
}
