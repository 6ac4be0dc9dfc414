//! Schedules: what is to be run, when it is due, and that every due time is dispatched once.
//!
//! Entries are tables of the settings, `[schedule.NAME]`. [`when`] tells when one is due, [`Due::of`] and
//! [`Due::judged`] decide what becomes of a due time, both purely; [`ledger`] writes that down in
//! `ops.db` before anything runs, so that cron, a timer, the daemon and an operator may all dispatch;
//! [`dispatch`] runs what is due; [`install`] makes something call it every minute.
//!
//! Start with [`entries`]. It may import the ground and the facts; what an argv means is the face's to know.

pub mod dispatch;
pub mod install;
pub mod ledger;
pub mod look;
pub mod when;

use std::time::Duration;

use self::when::When;
use crate::clock::{self, TimeZone, Timestamp};
use crate::config::Config;
use crate::config::named::NamedTable;
use crate::error::{Error, ErrorKind, Result};

/// A time is missed when nothing has looked for so long after it: cron and timers look every minute.
pub const GRACE: Duration = Duration::from_secs(150);

/// So many times of an entry may be put off by jitter at once.
const PUT_OFF_MAX: usize = 100;

/// What becomes of times at which nothing ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The newest of them runs when that is seen.
    RunOnce,
    /// None of them runs.
    Skip,
    /// None of them runs, and the doctor says so until one runs in time.
    Tell,
}

impl Missed {
    /// As in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Missed::RunOnce => "run-once",
            Missed::Skip => "skip",
            Missed::Tell => "tell",
        }
    }
}

/// Something that is run when it is due.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The operator's name for it.
    pub name: String,
    /// The words of a command line of `wpp`, after its name.
    pub argv: Vec<String>,
    /// The runbook that it runs, if it is one.
    pub runbook: Option<String>,
    /// When it is due.
    pub when: When,
    /// The same as it is written.
    pub when_text: String,
    /// The zone that it is told in.
    pub zone: TimeZone,
    /// The zone's name.
    pub zone_name: String,
    /// What becomes of missed times.
    pub missed: Missed,
    /// The most that a start is put off.
    pub jitter: Duration,
    /// The most that one run may take.
    pub timeout: Duration,
}

/// What the front matter of a runbook says about when it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// `schedule`.
    pub when: Option<String>,
    /// `time_zone`.
    pub time_zone: Option<String>,
    /// `sandbox`.
    pub sandbox: bool,
}

/// Finds a runbook's front matter by its id; an error when there is no such runbook.
pub type FindRunbook<'a> = dyn Fn(&str) -> Result<FrontMatter> + 'a;

/// Says what is wrong with words that are no command line.
pub type IsCommand<'a> = dyn Fn(&[String]) -> std::result::Result<(), String> + 'a;

/// Every entry of the settings, by name, and what is wrong with those that cannot be read
/// ([`ErrorKind::Usage`]): one that is wrong keeps no other from running. A runbook's front matter says
/// when, and in which zone, where the settings do not; it never makes an entry by itself. `is_command`
/// says what is wrong with words that are no command line of `wpp`.
pub fn entries(config: &Config, runbook: &FindRunbook<'_>, is_command: &IsCommand<'_>) -> (Vec<Entry>, Vec<Error>) {
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for (name, table) in config.named("schedule") {
        match entry(name, table, runbook, is_command) {
            Ok(entry) => good.push(entry),
            Err(error) => wrong.push(error),
        }
    }
    (good, wrong)
}

fn entry(name: &str, table: &NamedTable, find: &FindRunbook<'_>, is_command: &IsCommand<'_>) -> Result<Entry> {
    let wrong = |what: String| Error::new(ErrorKind::Usage, format!("schedule.{name} in config.toml {what}"));
    let (words, runbook) = (table.command("run"), Some(table.text("runbook")).filter(|id| !id.is_empty()));
    let (argv, front_matter) = match (words.is_empty(), runbook) {
        (false, Some(_)) => return Err(wrong("has both `run` and `runbook`".into()).hint("leave one of them out")),
        (true, None) => {
            return Err(wrong("says nothing to run".into()).hint("give it `run = [\"backup\"]`, or `runbook = \"ID\"`"));
        }
        (false, None) if !table.command("set").is_empty() => {
            return Err(wrong("has `set`, which is for runbooks".into()).hint("write the words into `run`"));
        }
        (false, None) if words.first().is_some_and(|word| word == "schedule") => {
            return Err(wrong("would have the schedule run itself".into()).hint("`run` is a command line of wpp, without `wpp`"));
        }
        (false, None) => {
            is_command(&words).map_err(|why| {
                wrong(format!("runs no command of wpp: {why}"))
                    .hint("`wpp help` lists the commands; `run` is a list of words, without `wpp`")
            })?;
            (words, FrontMatter::default())
        }
        (true, Some(id)) => {
            let front_matter = find(id).map_err(|error| error.note(format!("schedule.{name} in config.toml names it")))?;
            // One that runs in a sandbox is no runbook's to run.
            let verb = if front_matter.sandbox { "drill" } else { "runbook" };
            let mut argv = [verb, "run", id, "--yes"].map(str::to_owned).to_vec();
            argv.extend(table.command("set").into_iter().flat_map(|value| ["--set".to_owned(), value]));
            (argv, front_matter)
        }
    };
    let given = |name, other: Option<String>| match table.text(name) {
        "" => other,
        text => Some(text.to_owned()),
    };
    let when_text = given("when", front_matter.when).ok_or_else(|| {
        wrong("says no time".into()).hint("give it `when = \"daily 02:30\"`; `wpp help config` shows the other ways")
    })?;
    let when = When::parse(&when_text).map_err(|why| wrong(format!("is due {when_text:?}, which is no time")).hint(why))?;
    let (zone, zone_name) = match given("time_zone", front_matter.time_zone) {
        None => clock::local_zone(),
        Some(name) => {
            let zone = clock::zone(&name).ok_or_else(|| {
                wrong(format!("is in the time zone {name:?}, which is not known"))
                    .hint("write one such as Asia/Kuala_Lumpur or UTC")
            })?;
            (zone, name)
        }
    };
    let missed = match table.text("missed") {
        "skip" => Missed::Skip,
        "tell" => Missed::Tell,
        _ => Missed::RunOnce,
    };
    Ok(Entry {
        name: name.to_owned(),
        argv,
        runbook: runbook.map(str::to_owned),
        when,
        when_text,
        zone,
        zone_name,
        missed,
        jitter: table.duration("jitter").unwrap_or_default(),
        // It has a default, which a test holds.
        timeout: table.duration("timeout").unwrap_or(Duration::from_secs(3600)),
    })
}

impl Entry {
    /// What makes its times: when it changes, times before the change are no longer due.
    pub fn definition(&self) -> String {
        format!("{} in {}", self.when_text, self.zone_name)
    }

    /// How much later than its time it starts: the same for the same time in the same home, whoever asks.
    pub fn delay(&self, due: Timestamp, seed: &str) -> Duration {
        use sha2::{Digest, Sha256};
        let jitter_ms = u64::try_from(self.jitter.as_millis()).unwrap_or(u64::MAX);
        if jitter_ms == 0 {
            return Duration::ZERO;
        }
        let hash = Sha256::digest(format!("{seed}\n{}\n{}", self.name, due.as_millisecond()));
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Duration::from_millis(u64::from_be_bytes(first) % jitter_ms)
    }

    /// The next times after one that it is due, without jitter.
    pub fn next(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.when.next(after, &self.zone), |time| self.when.next(*time, &self.zone))
    }
}

/// A time at which an entry was due and that is not in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The time.
    pub at: Timestamp,
    /// Earlier times that are not in the ledger either, counted up to [`when::COUNT_MAX`].
    pub missed: u64,
    /// Whether it is too late for it to count as in time.
    pub late: bool,
}

/// What becomes of a due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It runs.
    Run,
    /// It is written down, and does not run.
    Skipped,
    /// It is written down, and the doctor tells.
    Missed,
}

impl Due {
    /// The newest due time of an entry after `settled` and up to `now`. `seed` is the home's part of the
    /// jitter.
    pub fn of(entry: &Entry, seed: &str, settled: Timestamp, now: Timestamp) -> Option<Due> {
        let ready = |at: Timestamp| at.checked_add(entry.delay(at, seed)).unwrap_or(at);
        let mut until = now;
        let mut found = None;
        // The newest may be put off when the one before it is not.
        for _ in 0..PUT_OFF_MAX {
            let (at, missed) = entry.when.last(settled, until, &entry.zone)?;
            if ready(at) <= now {
                found = Some((at, missed));
                break;
            }
            until = at.checked_sub(jiff::SignedDuration::from_millis(1)).ok()?;
        }
        let (at, missed) = found?;
        Some(Due { at, missed, late: clock::since(ready(at), now) > GRACE })
    }

    /// What becomes of it.
    pub fn judged(&self, policy: Missed) -> Fate {
        match (self.late, policy) {
            (false, _) | (true, Missed::RunOnce) => Fate::Run,
            (true, Missed::Skip) => Fate::Skipped,
            (true, Missed::Tell) => Fate::Missed,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    pub(crate) fn sample(when: &str, missed: Missed) -> Entry {
        Entry {
            name: "nightly".into(),
            argv: vec!["status".into()],
            runbook: None,
            when: When::parse(when).unwrap(),
            when_text: when.into(),
            zone: TimeZone::UTC,
            zone_name: "UTC".into(),
            missed,
            jitter: Duration::ZERO,
            timeout: Duration::from_secs(3600),
        }
    }

    fn read(text: &str) -> (Vec<Entry>, Vec<Error>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let config = Config::load(&path, &Default::default()).unwrap();
        let front_matter = |id: &str| match id {
            "monthly-restore" => {
                let (when, time_zone) = (Some("first wednesday 22:00".into()), Some("Asia/Kuala_Lumpur".into()));
                Ok(FrontMatter { when, time_zone, sandbox: false })
            }
            "smoke" => Ok(FrontMatter { sandbox: true, ..FrontMatter::default() }),
            "restart" => Ok(FrontMatter::default()),
            _ => Err(Error::new(ErrorKind::Usage, format!("there is no runbook {id}")).hint("`wpp runbook list`")),
        };
        let is_command = |words: &[String]| if words[0] == "bakcup" { Err("unrecognized".to_owned()) } else { Ok(()) };
        entries(&config, &front_matter, &is_command)
    }

    #[test]
    fn an_entry_runs_words_or_a_runbook_which_says_when_unless_the_settings_do() {
        let text = "[schedule.a]\nrun = [\"backup\"]\nwhen = \"daily 02:30\"\ntime_zone = \"UTC\"\n\
                    [schedule.b]\nrunbook = \"monthly-restore\"\nset = [\"session=main\"]\n\
                    [schedule.c]\nrunbook = \"monthly-restore\"\nwhen = \"@every:60\"\ntime_zone = \"UTC\"\nmissed = \"tell\"\n\
                    [schedule.d]\nrunbook = \"smoke\"\nwhen = \"daily 02:30\"\n";
        let (all, wrong) = read(text);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(all[0].argv.join(" "), "backup");
        assert_eq!(all[1].argv.join(" "), "runbook run monthly-restore --yes --set session=main");
        assert_eq!(all[3].argv.join(" "), "drill run smoke --yes", "it runs in a sandbox");
        assert_eq!((all[1].when_text.as_str(), all[1].zone_name.as_str()), ("first wednesday 22:00", "Asia/Kuala_Lumpur"));
        assert_eq!((all[2].when_text.as_str(), all[2].zone_name.as_str(), all[2].missed), ("@every:60", "UTC", Missed::Tell));
        assert_eq!(all[0].timeout, Duration::from_secs(3600));
    }

    #[test]
    fn an_entry_that_says_too_little_too_much_or_nonsense_is_named() {
        for (text, part) in [
            ("run = [\"status\"]", "no time"),
            ("when = \"daily 02:30\"", "nothing to run"),
            ("run = [\"status\"]\nrunbook = \"restart\"\nwhen = \"daily 02:30\"", "both"),
            ("run = [\"status\"]\nwhen = \"sometimes\"", "no time"),
            ("run = [\"status\"]\nset = [\"a=b\"]\nwhen = \"daily 02:30\"", "for runbooks"),
            ("runbook = \"restart\"", "no time"),
            ("runbook = \"unheard-of\"", "no runbook"),
            ("run = [\"bakcup\"]\nwhen = \"daily 02:30\"", "unrecognized"),
            ("run = [\"schedule\", \"run\"]\nwhen = \"daily 02:30\"", "run itself"),
        ] {
            let good = "[schedule.good]\nrun = [\"status\"]\nwhen = \"daily 02:30\"";
            let (others, mut wrong) = read(&format!("{good}\n[schedule.x]\n{text}"));
            assert_eq!((others.len(), wrong.len()), (1, 1), "{text}");
            let error = wrong.remove(0);
            assert!(error.kind() == ErrorKind::Usage && error.message().contains(part), "{text}: {error}");
            let said = format!("{} {}", error.message(), error.notes().join(" "));
            assert!(said.contains("schedule.x") && !error.hints().is_empty(), "{text}: {said}");
        }
    }

    #[test]
    fn in_time_it_runs_and_late_the_policy_decides() {
        let due = |policy, now: &str| {
            let entry = sample("0 * * * *", policy);
            Due::of(&entry, "", at("2026-11-21T08:00:00Z"), at(now)).map(|due| (due.missed, due.late, due.judged(policy)))
        };
        for policy in [Missed::RunOnce, Missed::Skip, Missed::Tell] {
            assert_eq!(due(policy, "2026-11-21T08:59:59Z"), None);
            assert_eq!(due(policy, "2026-11-21T09:00:00Z"), Some((0, false, Fate::Run)));
            assert_eq!(due(policy, "2026-11-21T09:02:30Z"), Some((0, false, Fate::Run)));
            // The machine slept over two, and the third is in time.
            assert_eq!(due(policy, "2026-11-21T11:00:01Z"), Some((2, false, Fate::Run)));
        }
        assert_eq!(due(Missed::RunOnce, "2026-11-21T11:30:00Z"), Some((2, true, Fate::Run)));
        assert_eq!(due(Missed::Skip, "2026-11-21T11:30:00Z"), Some((2, true, Fate::Skipped)));
        assert_eq!(due(Missed::Tell, "2026-11-21T11:30:00Z"), Some((2, true, Fate::Missed)));
    }

    #[test]
    fn jitter_puts_off_by_the_same_part_for_whoever_asks_and_by_another_in_another_home() {
        let mut entry = sample("0 * * * *", Missed::RunOnce);
        entry.jitter = Duration::from_secs(600);
        let time = at("2026-11-21T09:00:00Z");
        let delay = entry.delay(time, "home");
        assert_eq!(delay, entry.delay(time, "home"));
        let others: Vec<Duration> = (0..50).map(|number| entry.delay(time, &format!("home {number}"))).collect();
        assert!(others.iter().all(|delay| *delay < entry.jitter));
        assert!(others.iter().max().unwrap().as_secs() > 300 && others.iter().min().unwrap().as_secs() < 300);
        let settled = at("2026-11-21T08:00:00Z");
        let ready = time.checked_add(delay).unwrap();
        assert_eq!(Due::of(&entry, "home", settled, ready.checked_sub(Duration::from_millis(1)).unwrap()), None);
        assert_eq!(Due::of(&entry, "home", settled, ready).map(|due| (due.at, due.late)), Some((time, false)));
    }

    #[test]
    fn jitter_that_puts_off_the_newest_does_not_hide_the_one_before() {
        let mut entry = sample("0 * * * *", Missed::RunOnce);
        entry.jitter = Duration::from_secs(3500);
        let (settled, now) = (at("2026-11-21T07:30:00Z"), at("2026-11-21T10:00:00Z"));
        let due = Due::of(&entry, "home", settled, now).unwrap();
        assert!(due.at == at("2026-11-21T09:00:00Z") && due.missed == 1, "{due:?}");
    }
}
