//! What keeps a home in order beside its sessions: who could change what wpp trusts, secrets and what is
//! wrong with them, drills, the folder that archives go to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::runs::open_runs;
use super::{FILES_TIMEOUT, Job, NAMES_MAX, exists, journal, look_at, names_in};
use crate::archive::destination::Destination;
use crate::archive::shelf::is_archive;
use crate::config::Config;
use crate::disk;
use crate::doctor::Scope;
use crate::error::Result;
use crate::facts::{
    ArchiveKeys, DrillFacts, DrillRun, HostFacts, PathKind, PathLook, Probed, SecretFault, SecretLook, SessionFacts, SetLook,
    UnitLook,
};
use crate::home::{Home, is_session_name};

/// A file with a key is not larger.
const KEY_BYTES_MAX: u64 = 16 << 10;
/// A secret is not larger.
const SECRET_BYTES_MAX: u64 = 64 << 10;
/// A unit file is not larger.
const UNIT_BYTES_MAX: u64 = 64 << 10;
/// The newest runs whose evidence is looked at.
const RUNS_MAX: usize = 50;
/// Rows of runs in the journal that are looked at.
const ROWS_MAX: i64 = 400;

/// Everything about the home that a probe looks up.
pub(super) fn jobs(scope: &Scope) -> Vec<Job> {
    let mut jobs = vec![files_job(scope)];
    if let Ok(home) = &scope.home {
        let (journal, only_read) = (home.journal(), scope.foreign.is_some());
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || drills(&journal, only_read).into(),
            Probed::Failed,
            |seen, host: &mut HostFacts, _: &mut [SessionFacts]| host.upkeep.drills = seen,
        ));
        let (journal, session) = (home.journal(), scope.config.text("default_session").to_owned());
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || open_runs(&journal, only_read, &session).into(),
            Probed::Failed,
            |seen, host: &mut HostFacts, _: &mut [SessionFacts]| host.upkeep.open_runs = seen,
        ));
        let (journal, only_read) = (home.journal(), scope.foreign.is_some());
        let channels = scope.config.dumps().map(|(name, _)| name.to_owned()).collect();
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || sets(&journal, only_read, channels).into(),
            Probed::Failed,
            |seen, host: &mut HostFacts, _: &mut [SessionFacts]| host.upkeep.sets = seen,
        ));
    }
    jobs
}

/// What names, modes and small files tell.
struct Seen {
    ancestors: Probed<Vec<PathLook>>,
    program: Probed<Vec<PathLook>>,
    secrets: Probed<Vec<PathLook>>,
    folders: Probed<Vec<PathLook>>,
    not_sessions: Probed<Vec<PathBuf>>,
    evidence: Probed<Vec<PathLook>>,
    plugins: Probed<Vec<PathLook>>,
    archives: Probed<Vec<PathLook>>,
    same_disk: Probed<bool>,
    archive_keys: Probed<ArchiveKeys>,
    units: Probed<Vec<UnitLook>>,
    secret_values: Probed<Vec<SecretLook>>,
    lockdown_ms: Probed<Option<i64>>,
}

fn files_job(scope: &Scope) -> Job {
    let (root, home, archives) = (scope.root.clone(), scope.home.as_ref().ok().cloned(), scope.backups().map(followed));
    let (units, variables) = (scope.units.clone(), scope.secret_variables.clone());
    let credentials = PathBuf::from(scope.config.text("backup.s3.credentials_file"));
    let config = scope.config.clone();
    Job::new(
        FILES_TIMEOUT,
        move || {
            let Some(home) = home else { return Seen { ancestors: ancestors(&root), ..nothing("the home does not open") } };
            Seen {
                ancestors: ancestors(&root),
                program: program(),
                secrets: secrets(&home, &credentials),
                folders: Probed::Known(folders(&home)),
                not_sessions: not_sessions(&home),
                evidence: evidence(&home.reports()),
                plugins: plugins(&home),
                archives: folder(archives.as_deref()),
                same_disk: same_disk(&root, archives.as_deref()),
                archive_keys: archive_keys(&root, archives.as_deref()),
                units: Probed::Known(units.iter().filter_map(|path| unit(path)).collect()),
                secret_values: secret_values(&home.secrets(), &variables, &config),
                lockdown_ms: lockdown(&home).into(),
            }
        },
        |reason| Seen {
            ancestors: Probed::Failed(reason.clone()),
            program: Probed::Failed(reason.clone()),
            secrets: Probed::Failed(reason.clone()),
            folders: Probed::Failed(reason.clone()),
            not_sessions: Probed::Failed(reason.clone()),
            evidence: Probed::Failed(reason.clone()),
            plugins: Probed::Failed(reason.clone()),
            archives: Probed::Failed(reason.clone()),
            same_disk: Probed::Failed(reason.clone()),
            archive_keys: Probed::Failed(reason.clone()),
            units: Probed::Failed(reason.clone()),
            secret_values: Probed::Failed(reason.clone()),
            lockdown_ms: Probed::Failed(reason),
        },
        |seen, host: &mut HostFacts, _: &mut [SessionFacts]| {
            let upkeep = &mut host.upkeep;
            upkeep.ancestors = seen.ancestors;
            upkeep.program = seen.program;
            upkeep.secrets = seen.secrets;
            upkeep.folders = seen.folders;
            upkeep.not_sessions = seen.not_sessions;
            upkeep.evidence = seen.evidence;
            upkeep.plugins = seen.plugins;
            upkeep.archives = seen.archives;
            upkeep.same_disk = seen.same_disk;
            upkeep.archive_keys = seen.archive_keys;
            upkeep.units = seen.units;
            upkeep.secret_values = seen.secret_values;
            upkeep.lockdown_ms = seen.lockdown_ms;
        },
    )
}

fn nothing(reason: &str) -> Seen {
    fn none<T>(reason: &str) -> Probed<T> {
        Probed::NotApplicable(reason.to_owned())
    }
    Seen {
        ancestors: none(reason),
        program: none(reason),
        secrets: none(reason),
        folders: none(reason),
        not_sessions: none(reason),
        evidence: none(reason),
        plugins: none(reason),
        archives: none(reason),
        same_disk: none(reason),
        archive_keys: none(reason),
        units: none(reason),
        secret_values: none(reason),
        lockdown_ms: none(reason),
    }
}

/// The folders above the home as they really are: a link in the path is followed first.
fn ancestors(root: &Path) -> Probed<Vec<PathLook>> {
    let real = root.ancestors().find_map(|path| path.canonicalize().ok());
    match real {
        Some(real) => {
            // Of a home that is not there yet, the nearest folder that is is above it, too.
            let above = real.ancestors().skip(usize::from(root.exists()));
            Probed::Known(above.map(|path| look_at(path, Some(PathKind::Folder), false)).collect())
        }
        None => Probed::Failed(format!("no folder above {} can be looked at", root.display())),
    }
}

fn program() -> Probed<Vec<PathLook>> {
    match std::env::current_exe().and_then(|path| path.canonicalize()) {
        Ok(path) => {
            let folder = path.parent().map(|folder| look_at(folder, Some(PathKind::Folder), false));
            Probed::Known([look_at(&path, Some(PathKind::File), false)].into_iter().chain(folder).collect())
        }
        Err(error) => Probed::Failed(format!("this program's own file cannot be found: {error}")),
    }
}

/// Looks at what is in a folder, and at the folder.
fn inside(folder: &Path, credentials: bool) -> Vec<PathLook> {
    let names = names_in(folder).into_iter().map(|name| match name {
        Ok(path) => look_at(&path, None, credentials),
        Err(look) => look,
    });
    names.collect()
}

/// The folders of a home, each as what a link in its place leads to. That of archives is [`folder`]'s.
fn folders(home: &Home) -> Vec<PathLook> {
    let folders = [home.sessions(), home.reports(), home.secrets(), home.runbooks(), home.plugins(), home.backup_state()];
    folders
        .into_iter()
        .map(|path| PathLook { path: path.clone(), ..look_at(&followed(path), Some(PathKind::Folder), false) })
        .collect()
}

/// Folders beside those of sessions that an operator may take for some. What wpp sets aside begins with a dot.
fn not_sessions(home: &Home) -> Probed<Vec<PathBuf>> {
    let names: std::result::Result<Vec<PathBuf>, PathLook> = names_in(&home.sessions()).into_iter().collect();
    let names = match names.map_err(unseen) {
        Ok(names) => names,
        Err(reason) => return Probed::Failed(reason.unwrap_or_default()),
    };
    let is_meant = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with('.') && !is_session_name(&name) && path.is_dir()
    };
    Probed::Known(names.into_iter().filter(is_meant).collect())
}

fn secrets(home: &Home, credentials: &Path) -> Probed<Vec<PathLook>> {
    let mut looks = inside(&home.secrets(), true);
    if !credentials.as_os_str().is_empty() {
        looks.push(look_at(credentials, Some(PathKind::File), true));
    }
    if looks.is_empty() { Probed::NotApplicable("there are no files with secrets".into()) } else { Probed::Known(looks) }
}

fn evidence(folder: &Path) -> Probed<Vec<PathLook>> {
    let mut runs = names_in(folder);
    if runs.is_empty() {
        return Probed::NotApplicable("there are no reports yet".into());
    }
    // Their names end with a time, so the last ones of each sort are the newest; a few hundred say enough.
    let first = runs.len().saturating_sub(RUNS_MAX);
    let mut looks = Vec::new();
    for run in runs.drain(first..) {
        match run {
            Ok(path) => {
                looks.push(look_at(&path, None, false));
                looks.extend(inside(&path, false));
            }
            Err(look) => looks.push(look),
        }
    }
    Probed::Known(looks)
}

fn plugins(home: &Home) -> Probed<Vec<PathLook>> {
    let looks: Vec<PathLook> =
        [home.plugins(), home.plugins_compiled()].iter().flat_map(|folder| inside(folder, false)).collect();
    if looks.is_empty() { Probed::NotApplicable("there are no plugins".into()) } else { Probed::Known(looks) }
}

/// The folder that archives go to as it really is: an operator may put a link to another disk there, and what
/// counts is where that leads. One that leads nowhere stays what it is.
pub(super) fn followed(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap_or(path)
}

fn folder(path: Option<&Path>) -> Probed<Vec<PathLook>> {
    match path {
        None => Probed::NotApplicable("archives do not go to a folder of this machine".into()),
        Some(path) if matches!(exists(path), Ok(false)) => Probed::NotApplicable("there is no folder with archives yet".into()),
        Some(path) => Probed::Known(vec![look_at(path, Some(PathKind::Folder), false)]),
    }
}

fn same_disk(root: &Path, archives: Option<&Path>) -> Probed<bool> {
    let Some(archives) = archives else { return Probed::Known(false) };
    let device = |path: &Path| path.metadata().map(|metadata| metadata.dev());
    match (device(root), device(archives)) {
        (Ok(home), Ok(archives)) => Probed::Known(home == archives),
        (_, Err(error)) if error.kind() == ErrorKind::NotFound => {
            Probed::NotApplicable("there is no folder with archives yet".into())
        }
        (Err(error), _) | (_, Err(error)) => Probed::Failed(format!("the disk of the archives cannot be told: {error}")),
    }
}

fn archive_keys(root: &Path, archives: Option<&Path>) -> Probed<ArchiveKeys> {
    let Some(archives) = archives.filter(|path| path.exists()) else {
        return Probed::NotApplicable("there is no folder with archives yet".into());
    };
    let mut seen = ArchiveKeys::default();
    for name in names_in(archives).into_iter().chain(names_in(root)) {
        let path = match name {
            Ok(path) => path,
            Err(look) => {
                seen.unread.extend(unseen(look));
                continue;
            }
        };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if is_archive(name) {
            seen.sealed += u64::from(name.ends_with(".age"));
            continue;
        }
        // A name whose file cannot be looked at may be that of a key.
        let small = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= KEY_BYTES_MAX);
        // What SQLite has open must not be opened by its side.
        let database = [".db", "-wal", "-shm", "-journal"].iter().any(|end| name.ends_with(end));
        if !small || database {
            continue;
        }
        match disk::read_small(&path, KEY_BYTES_MAX) {
            Ok(text) if is_key(&text) => seen.keys.push(path),
            Ok(_) => {}
            // One that was just removed, or has just grown, is no key.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::FileTooLarge) => {}
            Err(error) => seen.unread.push(disk::cannot("read", &path, error).chain()),
        }
    }
    seen.keys.truncate(NAMES_MAX);
    Probed::Known(seen)
}

/// Why a look failed.
fn unseen(look: PathLook) -> Option<String> {
    match look.seen {
        Probed::Failed(reason) => Some(reason),
        Probed::Known(_) | Probed::NotApplicable(_) => None,
    }
}

/// Whether a line of it is a key of age that no passphrase guards.
fn is_key(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"AGE-SECRET-KEY-1"))
}

fn unit(path: &Path) -> Option<UnitLook> {
    if !exists(path).unwrap_or(true) {
        return None;
    }
    let (program, unread) = match disk::read_small(path, UNIT_BYTES_MAX) {
        Ok(text) => (called(&String::from_utf8_lossy(&text)), None),
        Err(error) => (None, Some(disk::cannot("read", path, error).chain())),
    };
    let program_gone = program.filter(|program| !program.exists());
    Some(UnitLook { file: look_at(path, Some(PathKind::File), false), program_gone, unread })
}

/// The program that a unit calls.
fn called(unit: &str) -> Option<PathBuf> {
    let line = unit.lines().find_map(|line| line.trim().strip_prefix("ExecStart="))?.trim();
    let word = match line.strip_prefix('"') {
        Some(rest) => rest.split('"').next()?,
        None => line.split_whitespace().next()?,
    };
    let path = PathBuf::from(word.replace("%%", "%").replace("$$", "$"));
    path.is_absolute().then_some(path)
}

/// The secrets among the variables, without their values.
pub fn secret_variables(environment: &BTreeMap<String, String>) -> Vec<SecretLook> {
    let secrets = environment.iter().filter(|(name, _)| name.starts_with("WPP_SECRET_"));
    secrets.map(|(name, value)| SecretLook { place: name.clone(), written_ms: None, fault: fault(value), unread: None }).collect()
}

fn secret_values(folder: &Path, variables: &[SecretLook], config: &Config) -> Probed<Vec<SecretLook>> {
    let mut looks = variables.to_vec();
    let unread = |place: &Path, reason| SecretLook {
        place: place.display().to_string(),
        written_ms: None,
        fault: None,
        unread: Some(reason),
    };
    for name in names_in(folder) {
        let path = match name {
            Ok(path) => path,
            Err(look) => {
                looks.extend(unseen(look).map(|reason| unread(folder, reason)));
                continue;
            }
        };
        let metadata = match path.metadata() {
            Ok(metadata) if metadata.is_dir() => continue,
            Ok(metadata) => metadata,
            Err(error) => {
                looks.push(unread(&path, disk::cannot("look at", &path, error).chain()));
                continue;
            }
        };
        let written = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let look = SecretLook {
            place: path.display().to_string(),
            written_ms: written.and_then(|since| i64::try_from(since.as_millis()).ok()),
            fault: None,
            unread: None,
        };
        looks.push(match disk::read_small(&path, SECRET_BYTES_MAX) {
            Ok(text) => {
                let value = String::from_utf8_lossy(&text);
                SecretLook { fault: fault(value.lines().next().unwrap_or_default()), ..look }
            }
            Err(error) => SecretLook { unread: Some(disk::cannot("read", &path, error).chain()), ..look },
        });
    }
    looks.extend(defaults_in(config, folder, variables));
    if looks.is_empty() { Probed::NotApplicable("there are no secrets".into()) } else { Probed::Known(looks) }
}

/// Settings of plugins that are called like a secret and hold a value that everybody knows. What a secret of this
/// home is called is no value: plugins name their secrets.
fn defaults_in(config: &Config, folder: &Path, variables: &[SecretLook]) -> Vec<SecretLook> {
    let is_name = |plugin: &str, value: &str| {
        [value.to_owned(), format!("{plugin}.{value}")].iter().any(|name| {
            let variable = format!("WPP_SECRET_{}", name.to_ascii_uppercase().replace('-', "_").replace('.', "__"));
            config.secret_commands().contains_key(name)
                || variables.iter().any(|look| look.place == variable)
                || !name.contains('/') && exists(&folder.join(name)).unwrap_or(true)
        })
    };
    let mut looks = Vec::new();
    for (plugin, settings) in config.plugins() {
        for (key, value) in settings.iter().filter(|(key, value)| is_secret_name(key) && !is_name(plugin, value)) {
            // What is not set is another check's business.
            if let Some(fault @ (SecretFault::Default | SecretFault::Placeholder)) = fault(value) {
                let place = format!("plugin.{plugin}.{key}");
                looks.push(SecretLook { place, written_ms: None, fault: Some(fault), unread: None });
            }
        }
    }
    looks
}

/// Whether a setting of that name holds a secret, or the name of one.
pub(crate) fn is_secret_name(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key).to_ascii_lowercase();
    SECRET_NAMES.iter().any(|word| last.ends_with(word))
}

/// How names of settings end that hold secrets.
const SECRET_NAMES: [&str; 7] = ["password", "passwd", "token", "api_key", "apikey", "secret", "private_key"];

/// Values that programs and their examples bring along.
const DEFAULTS: [&str; 30] = [
    "admin",
    "admin123",
    "apikey",
    "api-key",
    "changeit",
    "changeme",
    "change-me",
    "change_me",
    "default",
    "demo",
    "dev-admin-key",
    "example",
    "foobar",
    "guest",
    "letmein",
    "master",
    "openwa",
    "passw0rd",
    "password",
    "pass",
    "postgres",
    "qwerty",
    "root",
    "secret",
    "secretkey",
    "supersecret",
    "test",
    "token",
    "whatsapp",
    "xxx",
];

/// What is wrong with the value of a secret.
fn fault(value: &str) -> Option<SecretFault> {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let simple = lower.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '!' | '.' | '-' | '_'));
    let same = value.chars().all(|c| value.starts_with(c));
    if value.is_empty() {
        Some(SecretFault::Empty)
    } else if DEFAULTS.contains(&lower.as_str()) || DEFAULTS.contains(&simple) || simple.is_empty() || same {
        Some(SecretFault::Default)
    } else if (value.starts_with('<') && value.ends_with('>'))
        || (value.starts_with("${") && value.ends_with('}'))
        || ["your-", "your_", "replace-me", "replace_me", "todo", "insert-"].iter().any(|word| lower.starts_with(word))
    {
        Some(SecretFault::Placeholder)
    } else {
        None
    }
}

fn lockdown(home: &Home) -> Result<Option<i64>> {
    let path = home.lockdown();
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata.mtime().saturating_mul(1000))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk::cannot("look at", &path, error)),
    }
}

/// The newest run of each drill.
fn drills(journal: &Path, only_read: bool) -> Result<DrillFacts> {
    let Some(journal) = journal::open(journal, only_read)? else { return Ok(DrillFacts::default()) };
    let runs = journal.read(|db| {
        let mut statement = db.prepare(
            "SELECT json_extract(data, '$.runbook'), json_extract(data, '$.run'), at_ms, state FROM entry
             WHERE verb = 'runbook' AND json_extract(data, '$.text') LIKE '%' || char(10) || 'kind: drill' || char(10) || '%'
             ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([ROWS_MAX], |row| {
            let state: String = row.get(3)?;
            let passed = (state != "open").then_some(state == "finished");
            Ok(DrillRun { drill: row.get(0)?, run: row.get(1)?, at_ms: row.get(2)?, passed })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let mut newest: Vec<DrillRun> = Vec::new();
    for run in runs {
        if !newest.iter().any(|other| other.drill == run.drill) {
            newest.push(run);
        }
    }
    Ok(DrillFacts { runs: newest })
}

/// What the journal knows of sets of gateways: of `channels`, and of others of which some were made.
fn sets(journal: &Path, only_read: bool, channels: Vec<String>) -> Result<Vec<SetLook>> {
    let nothing = |channel| SetLook { channel, complete_ms: None, gone_ms: None, incomplete_ms: None };
    let mut looks: Vec<SetLook> = channels.into_iter().map(nothing).collect();
    let Some(journal) = journal::open(journal, only_read)? else { return Ok(looks) };
    let made = journal.read(|db| {
        let mut statement = db.prepare(
            "SELECT json_extract(data, '$.channel'), json_extract(data, '$.path'), json_extract(data, '$.complete'), at_ms FROM entry
             WHERE verb = 'dump-set' ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([ROWS_MAX], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?, row.get::<_, i64>(3)?))
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let (mut known, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for (channel, path, complete, at_ms) in made {
        let at = looks.iter().position(|look| look.channel == channel).unwrap_or_else(|| {
            looks.push(nothing(channel.clone()));
            looks.len() - 1
        });
        let look = &mut looks[at];
        let is_newest = known.insert(channel);
        // What lies on a server is believed to lie there still; a file of this machine may be a newer one by now.
        let exists = Destination::folder_in(&path).is_none_or(|path| path.exists());
        let is_there = taken.insert(path) && exists;
        match (complete, is_there) {
            (false, _) if is_newest => look.incomplete_ms = Some(at_ms),
            (true, true) if look.complete_ms.is_none() => look.complete_ms = Some(at_ms),
            (true, false) if look.complete_ms.is_none() && look.gone_ms.is_none() => look.gone_ms = Some(at_ms),
            _ => {}
        }
    }
    Ok(looks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_are_none_are_known() {
        for (value, expected) in [
            ("", SecretFault::Empty),
            ("  ", SecretFault::Empty),
            ("changeme", SecretFault::Default),
            ("ChangeMe", SecretFault::Default),
            ("password123", SecretFault::Default),
            ("secret", SecretFault::Default),
            ("12345678", SecretFault::Default),
            ("xxxxxxxxxx", SecretFault::Default),
            ("dev-admin-key", SecretFault::Default),
            ("<your key>", SecretFault::Placeholder),
            ("${API_KEY}", SecretFault::Placeholder),
            ("your-api-key", SecretFault::Placeholder),
        ] {
            assert_eq!(fault(value), Some(expected), "{value}");
        }
        for good in ["owa_k1_0123456789abcdef", "hunter2hunter3", "correct horse", "Tr0ub4dor&3", "tokenizer-9f3a"] {
            assert_eq!(fault(good), None, "{good}");
        }
    }

    #[test]
    fn the_program_of_a_unit_is_read_as_systemd_reads_it() {
        let unit = "[Service]\nType=oneshot\nExecStart=\"/opt/a 100%%/wpp\" --home \"/h\" schedule run\n";
        assert_eq!(called(unit), Some("/opt/a 100%/wpp".into()));
        assert_eq!(called("ExecStart=/usr/bin/wpp schedule run"), Some("/usr/bin/wpp".into()));
        assert_eq!(called("ExecStart=wpp schedule run"), None);
        assert_eq!(called("[Timer]\n"), None);
    }
}
