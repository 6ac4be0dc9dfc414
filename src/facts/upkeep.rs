//! What keeps a home in order beside its sessions: settings, secrets, evidence, drills.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Leaks, PathLook, Probed};

/// What keeps the home in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpkeepFacts {
    /// The folders above the home, the nearest first.
    pub ancestors: Probed<Vec<PathLook>>,
    /// This program's file and its folder.
    pub program: Probed<Vec<PathLook>>,
    /// Files that hold secrets, beside those of sessions.
    pub secrets: Probed<Vec<PathLook>>,
    /// Folders that wpp makes or looks for in the home; a link is looked at as what it leads to.
    pub folders: Probed<Vec<PathLook>>,
    /// Folders in `sessions` whose names are none of a session, so that nothing looks at them.
    pub not_sessions: Probed<Vec<PathBuf>>,
    /// Evidence of runs.
    pub evidence: Probed<Vec<PathLook>>,
    /// Plugins and what they were compiled to.
    pub plugins: Probed<Vec<PathLook>>,
    /// The folder that archives go to.
    pub archives: Probed<Vec<PathLook>>,
    /// Whether that folder is on the disk that the home is on.
    pub same_disk: Probed<bool>,
    /// Keys beside the archives.
    pub archive_keys: Probed<ArchiveKeys>,
    /// What calls the schedule.
    pub units: Probed<Vec<UnitLook>>,
    /// The secrets, without their values.
    pub secret_values: Probed<Vec<SecretLook>>,
    /// Whose the stores of sessions are that this look is not about.
    pub other_stores: Probed<OtherStores>,
    /// What is in reports that should not be.
    pub reports: Probed<Leaks>,
    /// Drills that were run.
    pub drills: Probed<DrillFacts>,
    /// Runs that are neither over nor under way.
    pub open_runs: Probed<Vec<OpenRun>>,
    /// Sets of the state of gateways, those first that the settings name.
    pub sets: Probed<Vec<SetLook>>,
    /// Whether evidence is as it was written.
    pub evidence_sums: Probed<EvidenceFacts>,
    /// The settings.
    pub settings: Probed<SettingsFacts>,
    /// Since when the home is locked down, milliseconds since the epoch; `None` when it is not.
    pub lockdown_ms: Probed<Option<i64>>,
}

impl UpkeepFacts {
    /// Nothing of it was seen.
    pub fn failed(reason: &str) -> UpkeepFacts {
        fn failed<T>(reason: &str) -> Probed<T> {
            Probed::Failed(reason.to_owned())
        }
        UpkeepFacts {
            ancestors: failed(reason),
            program: failed(reason),
            secrets: failed(reason),
            folders: failed(reason),
            not_sessions: failed(reason),
            evidence: failed(reason),
            plugins: failed(reason),
            archives: failed(reason),
            same_disk: failed(reason),
            archive_keys: failed(reason),
            units: failed(reason),
            secret_values: failed(reason),
            other_stores: failed(reason),
            reports: failed(reason),
            drills: failed(reason),
            open_runs: failed(reason),
            sets: failed(reason),
            evidence_sums: failed(reason),
            settings: failed(reason),
            lockdown_ms: failed(reason),
        }
    }
}

/// Keys beside the archives that they open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveKeys {
    /// Files that hold a key.
    pub keys: Vec<PathBuf>,
    /// Why what may hold one could not be looked into, each in one lowercase sentence.
    #[serde(default)]
    pub unread: Vec<String>,
    /// Archives there that are encrypted.
    pub sealed: u64,
}

/// A file from which systemd or cron knows that the schedule is to be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitLook {
    /// The file.
    pub file: PathLook,
    /// The program that it calls, if it names one that is not there.
    pub program_gone: Option<PathBuf>,
    /// Why what it calls could not be read, in one lowercase sentence.
    #[serde(default)]
    pub unread: Option<String>,
}

/// Sessions beside those that are looked at, as far as they may be copies of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherStores {
    /// Those that were looked at.
    pub stores: Vec<OtherStore>,
    /// How many more there are, which were not.
    pub left_out: u64,
}

/// Whose the store of one session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherStore {
    /// The session.
    pub session: String,
    /// The fingerprint of its linked device, see [`crate::session::store::Particulars`]; `None` where none is linked.
    pub device: Probed<Option<u64>>,
    /// Whether a living process holds its lock, where a device is linked.
    pub is_held: bool,
}

/// A secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretLook {
    /// Where it is: a file, the name of a variable, or a setting as `plugin.NAME.KEY`.
    pub place: String,
    /// When its file was written, milliseconds since the epoch; `None` for a variable.
    pub written_ms: Option<i64>,
    /// What is wrong with its value.
    pub fault: Option<SecretFault>,
    /// Why its value could not be read, in one lowercase sentence.
    #[serde(default)]
    pub unread: Option<String>,
}

/// What is wrong with the value of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretFault {
    /// There is nothing in it.
    Empty,
    /// It is one that programs and examples bring along.
    Default,
    /// Its form says that it stands in for one that somebody forgot to write.
    Placeholder,
}

/// Drills that were run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillFacts {
    /// The newest run of each drill, the newest first.
    pub runs: Vec<DrillRun>,
}

/// One run of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillRun {
    /// The drill.
    pub drill: String,
    /// The run.
    pub run: String,
    /// When it began, milliseconds since the epoch.
    pub at_ms: i64,
    /// Whether it went as it should; `None` while it is not over.
    pub passed: Option<bool>,
}

/// A run of a runbook or a drill that is not over and that no process works on any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    /// The run.
    pub run: String,
    /// When it began, milliseconds since the epoch.
    pub began_ms: i64,
    /// The step that was under way when it was cut off.
    pub under_way: Option<String>,
    /// Steps that could not be taken back.
    pub left: Vec<String>,
    /// Whether it played in a throw-away sandbox, which is gone or good for nothing.
    pub sandbox: bool,
    /// Sessions whose outgoing messages it paused and was to let go on again.
    pub paused: Vec<String>,
    /// Whether another version wrote it down, so that all that is known of it is when it began.
    pub unreadable: bool,
}

/// What is known of the sets of one gateway's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLook {
    /// The gateway.
    pub channel: String,
    /// When the newest set was made that is complete and still there, milliseconds since the epoch.
    pub complete_ms: Option<i64>,
    /// When the newest that was complete and is gone was made, if it is newer; so, too.
    pub gone_ms: Option<i64>,
    /// When the newest of all was made if that one is incomplete; so, too.
    pub incomplete_ms: Option<i64>,
}

/// Whether evidence is as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFacts {
    /// Runs whose files were compared with their sums.
    pub checked: u64,
    /// Runs whose files are not what they were, each with what differs.
    pub unsound: Vec<(String, String)>,
}

/// An entry of the schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryLook {
    /// Its name.
    pub name: String,
    /// The first words of its command line.
    pub words: Vec<String>,
    /// Time between two runs, in seconds.
    pub interval_s: u64,
}

/// A variable that says something else than the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The variable.
    pub variable: String,
    /// The setting.
    pub setting: String,
}

/// The settings, as far as they can be at odds with each other or with what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsFacts {
    /// Variables that say something else than the file.
    pub overrides: Vec<Override>,
    /// Variables that look like misspelt settings, each with the one that may be meant.
    pub unknown_variables: Vec<(String, String)>,
    /// Places in the file where something with the form of a secret stands.
    pub clear_secrets: Vec<String>,
    /// `daemon.watchdog_ms`.
    pub watchdog_ms: u64,
    /// Whether only signed plugins may be added.
    pub signature_required: bool,
    /// Keys whose signature counts.
    pub public_keys: u64,
    /// Whether archives go to an S3 server.
    pub to_s3: bool,
    /// Settings of an S3 server that somebody set.
    pub s3_settings: Vec<String>,
    /// Contacts.
    pub contacts: u64,
    /// Settings about telling somebody that somebody set.
    pub alert_settings: Vec<String>,
    /// The schedule.
    pub entries: Vec<EntryLook>,
    /// Settings that somebody set and that will not be read for ever, each with what to write in its place.
    pub deprecated: Vec<(String, String)>,
    /// Settings that a home should say and that nobody set.
    pub recommended_unset: Vec<String>,
}
