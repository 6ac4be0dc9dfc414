//! Runs what is due, each due time once, whoever else dispatches at the same time. Start with [`dispatch`];
//! [`Child`] runs a `wpp` command line in a process of its own, so that one that hangs can be killed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Entry;
use super::ledger::{Claim, Ended, Ledger, Settled};
use crate::clock::{self, Timestamp};
use crate::disk;
use crate::error::{ErrorKind, Result};
use crate::home::Home;
use crate::process::{self, Ended as HowEnded, Group};
use crate::report::{Event, Sink};

/// How often is looked for what is due while something runs, or with no end.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is written down that somebody looks.
const WRITE_LOOK_EVERY: Duration = Duration::from_secs(30);
/// How much of what a run writes is kept.
const OUTPUT_BYTES_MAX: usize = 4 << 20;
/// Reports of an entry that are kept.
const REPORTS_KEPT: usize = 20;
/// How much of what a run said is written into the ledger.
const SAID_CHARS_MAX: usize = 300;

/// So many entries run at the same time; more that are due wait for their turn.
const AT_ONCE_MAX: usize = 8;

/// Runs an entry and says how it ended; it is run in a thread of its own. What is handed to it is to be
/// called with the process that it starts.
pub type Run = dyn Fn(&Entry, Timestamp, &dyn Fn(Group)) -> Ended + Send + Sync;

/// What is dispatched, and what is done again and again while that goes on.
pub struct Work<'a> {
    /// What is scheduled.
    pub entries: Vec<Entry>,
    /// Gives the entries anew when what they are read from has changed.
    pub reread: &'a mut dyn FnMut() -> Option<Vec<Entry>>,
    /// Tells of what is due soon.
    pub announce: &'a mut dyn FnMut(&[Entry]),
}

/// What a thread that runs an entry tells.
enum Told {
    /// Its process.
    Began(String, Timestamp, Group),
    /// Its end.
    Ended(Box<Entry>, Claim, Ended),
}

/// What became of one due time.
#[derive(Debug, Clone)]
pub struct Done {
    /// The entry's name.
    pub entry: String,
    /// What was written down when it was seen.
    pub claim: Claim,
    /// How it ended, if it ran.
    pub ended: Option<Ended>,
}

/// How long to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until what is due now has ended. What becomes due meanwhile is run too: who calls every minute
    /// may not call again while this goes on.
    NothingRuns,
    /// Until the operator interrupts.
    Interrupted,
}

/// Runs what is due. After an interrupt nothing is begun, and what runs is waited for.
pub fn dispatch(
    ledger: &Ledger<'_>,
    work: Work<'_>,
    run: &Arc<Run>,
    until: Until,
    interrupted: &AtomicBool,
    sink: &dyn Sink,
) -> Result<Vec<Done>> {
    let Work { mut entries, reread, announce } = work;
    let (sender, receiver) = channel::<Told>();
    let places = Arc::new(Places { free: Mutex::new(AT_ONCE_MAX), one_more: Condvar::new() });
    let (mut running, mut done, mut looked) = (0_usize, Vec::new(), None::<Instant>);
    let mut first = true;
    loop {
        let stop = interrupted.load(Ordering::Relaxed);
        if !stop {
            if let Some(anew) = reread() {
                entries = anew;
                first = true;
            }
            if looked.is_none_or(|at| at.elapsed() >= WRITE_LOOK_EVERY) {
                ledger.looked(clock::now())?;
                looked = Some(Instant::now());
                announce(&entries);
            }
            for entry in &entries {
                // A new entry is only known once it was claimed for; after that, looking disturbs nobody.
                if !first && ledger.due(entry, clock::now())?.is_none() {
                    continue;
                }
                let Some(claim) = ledger.claim(entry, clock::now())? else { continue };
                tell(sink, &entry.name, &claim, None);
                if claim.fate != Settled::Run {
                    done.push(Done { entry: entry.name.clone(), claim, ended: None });
                    continue;
                }
                running += 1;
                begin(entry, claim, run, &sender, &places);
            }
            first = false;
        }
        if running == 0 && (stop || until == Until::NothingRuns) {
            return Ok(done);
        }
        match receiver.recv_timeout(LOOK_EVERY) {
            Ok(told) => {
                if let Some(one) = heard(ledger, sink, told)? {
                    running -= 1;
                    // Without an end nobody reads the list, and it would grow.
                    if until == Until::NothingRuns {
                        done.push(one);
                    }
                }
            }
            // The sender that is kept here keeps it open.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

/// Runs one entry now because an operator says so, whatever it is due at. It does not run while it still
/// does; then nothing is written down.
pub fn by_hand(ledger: &Ledger<'_>, entry: &Entry, run: &Arc<Run>, sink: &dyn Sink) -> Result<Done> {
    let claim = ledger.claim_by_hand(entry, clock::now())?;
    if claim.fate != Settled::Run {
        return Ok(Done { entry: entry.name.clone(), claim, ended: None });
    }
    let (sender, receiver) = channel::<Told>();
    begin(entry, claim, run, &sender, &Arc::new(Places { free: Mutex::new(1), one_more: Condvar::new() }));
    drop(sender);
    for told in receiver {
        if let Some(done) = heard(ledger, sink, told)? {
            return Ok(done);
        }
    }
    // A thread tells its end whatever happens.
    Ok(Done { entry: entry.name.clone(), claim, ended: None })
}

/// Starts a thread for a run.
fn begin(entry: &Entry, claim: Claim, run: &Arc<Run>, sender: &Sender<Told>, places: &Arc<Places>) {
    let (entry, run, sender, places) = (entry.clone(), run.clone(), sender.clone(), places.clone());
    std::thread::spawn(move || {
        let _place = places.take();
        let began = |group: Group| {
            // The receiver is gone only when the ledger failed, which is an error of its own.
            let _ = sender.send(Told::Began(entry.name.clone(), claim.due.at, group));
        };
        let work = std::panic::AssertUnwindSafe(|| run(&entry, claim.due.at, &began));
        let ended = std::panic::catch_unwind(work).unwrap_or_else(|_| Ended {
            exit_code: None,
            said: "it crashed, which is a bug of wpp".into(),
            report: None,
        });
        let _ = sender.send(Told::Ended(Box::new(entry), claim, ended));
    });
}

/// Writes down what a thread told; gives the run if that is over.
fn heard(ledger: &Ledger<'_>, sink: &dyn Sink, told: Told) -> Result<Option<Done>> {
    match told {
        Told::Began(entry, due, group) => {
            ledger.began(&entry, due, group)?;
            Ok(None)
        }
        Told::Ended(entry, claim, ended) => {
            ledger.end(&entry.name, claim.due.at, &ended, clock::now())?;
            tell(sink, &entry.name, &claim, Some(&ended));
            Ok(Some(Done { entry: entry.name, claim, ended: Some(ended) }))
        }
    }
}

/// Places for runs.
struct Places {
    free: Mutex<usize>,
    one_more: Condvar,
}

/// A place that is taken until it is dropped.
struct Place<'a>(&'a Places);

impl Places {
    fn take(&self) -> Place<'_> {
        // A number cannot be half changed.
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.one_more.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.one_more.notify_one();
    }
}

fn tell(sink: &dyn Sink, entry: &str, claim: &Claim, ended: Option<&Ended>) {
    let due = clock::rfc3339(claim.due.at);
    let more = match claim.due.missed {
        0 => String::new(),
        missed => format!("; {missed} before that were missed"),
    };
    let what = match (ended, claim.fate) {
        (Some(ended), _) => match ended.exit_code {
            Some(code) => format!("ended with {code}: {}", ended.said),
            None => ended.said.clone(),
        },
        (None, Settled::Run) => format!("runs{more}"),
        (None, Settled::Skipped) => format!("is skipped: it is too late{more}"),
        (None, Settled::Missed) => format!("was missed and does not run{more}"),
        (None, Settled::Overlapped) => "does not run: the one before still does".to_owned(),
    };
    let data = json!({ "entry": entry, "due": due, "what": what });
    sink.emit(Event::Line { text: format!("{entry}, due {due}: {what}"), data });
}

/// Runs entries as processes of this program.
#[derive(Debug, Clone)]
pub struct Child {
    /// This program's own file.
    pub program: PathBuf,
    /// The home that they work on.
    pub home: Home,
}

impl Child {
    /// Runs one to its end, or kills it when its time is up. `began` hears of its process.
    pub fn run(&self, entry: &Entry, due: Timestamp, began: &dyn Fn(Group)) -> Ended {
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(self.home.root()).args(&entry.argv);
        if !says_format(&entry.argv) {
            command.args(["--format", "json"]);
        }
        let input = process::Input::Bytes(Vec::new());
        let run = process::Run { input, output: None, patience: entry.timeout, output_bytes_max: OUTPUT_BYTES_MAX, stop: None };
        let ran = run.of_known(&mut command, &mut |group| {
            began(group);
            Ok(())
        });
        let exit_code = match &ran.ended {
            HowEnded::Itself(status) => status.code(),
            _ => None,
        };
        let cut_short = exit_code.is_none().then(|| ran.ended.observed(entry.timeout));
        let text = String::from_utf8_lossy(&ran.stdout.bytes);
        let document = text.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
        let said = cut_short.unwrap_or_else(|| said(document.as_ref(), &String::from_utf8_lossy(&ran.stderr.bytes)));
        let report = match own_report(document.as_ref()) {
            Some(report) => Some(report),
            None => self.keep(entry, due, &ran.stdout.bytes).ok().map(|path| path.display().to_string()),
        };
        Ended { exit_code, said: said.chars().take(SAID_CHARS_MAX).collect(), report }
    }

    /// Keeps what a run wrote, and removes what older runs of the entry wrote.
    fn keep(&self, entry: &Entry, due: Timestamp, output: &[u8]) -> Result<PathBuf> {
        let folder = self.home.schedule(&entry.name);
        disk::create_folder(&folder)?;
        let path = folder.join(format!("{}.json", clock::compact(due)));
        disk::write_atomic(&path, output)?;
        prune(&folder)?;
        Ok(path)
    }
}

fn prune(folder: &Path) -> Result<()> {
    let mut reports = disk::list(folder)?;
    reports.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    // Their names begin with the time.
    reports.sort();
    let old = reports.len().saturating_sub(REPORTS_KEPT);
    reports[..old].iter().try_for_each(|path| disk::remove_file(path))
}

/// Whether the words say how results are written; `--format` is also the format of archives.
fn says_format(argv: &[String]) -> bool {
    let is_one = |word: &str| matches!(word, "json" | "text");
    argv.iter().any(|word| word.strip_prefix("--format=").is_some_and(is_one))
        || argv.windows(2).any(|pair| pair[0] == "--format" && is_one(&pair[1]))
}

/// Where a run that makes a report of its own has put it.
fn own_report(document: Option<&Value>) -> Option<String> {
    let data = &document?["data"];
    ["evidence", "report"].iter().find_map(|name| data[*name].as_str()).map(str::to_owned)
}

fn said(document: Option<&Value>, stderr: &str) -> String {
    let of = |name: &str| document.and_then(|document| document[name].as_str()).map(str::to_owned);
    let last_words = || stderr.lines().rev().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned());
    of("title").or_else(|| of("message")).or_else(last_words).unwrap_or_else(|| "it said nothing".into())
}

/// The exit code that a number of runs stand for: not 0 when any failed or was missed.
pub fn exit_code(done: &[Done]) -> u8 {
    let bad = |done: &Done| match (&done.ended, done.claim.fate) {
        (Some(ended), _) => ended.exit_code != Some(0),
        (None, fate) => fate == Settled::Missed,
    };
    if done.iter().any(bad) { ErrorKind::Failed.exit_code() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::super::{Due, Missed};
    use super::*;

    fn child(program: &str) -> (tempfile::TempDir, Child) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        // Another process writes it: what this one has open to write when another thread starts something cannot be
        // run for an instant.
        let script = "printf '#!/bin/sh\n%s\n' \"$2\" > \"$1\" && chmod 700 \"$1\"";
        let mut writer = Command::new("sh");
        assert!(writer.args(["-c", script, "sh"]).arg(&path).arg(program).status().unwrap().success());
        let home = Home::create(&folder.path().join("home"), crate::home::HomeKind::Live).unwrap();
        (folder, Child { program: path, home })
    }

    #[test]
    fn a_run_is_told_by_its_own_words_and_kept() {
        let (_folder, child) = child("echo '{\"event\":\"line\"}'; echo \"{\\\"title\\\":\\\"$*\\\",\\\"data\\\":{}}\"; exit 3");
        let ended = child.run(&sample("@every:60", Missed::Skip), clock::from_ms(0), &|_| {});
        let expected = format!("--home {} status --format json", child.home.root().display());
        assert_eq!((ended.exit_code, ended.said), (Some(3), expected));
        assert!(std::fs::read_to_string(ended.report.unwrap()).unwrap().contains("\"event\""));
        for number in 1..40 {
            child.run(&sample("@every:60", Missed::Skip), clock::from_ms(number * 1000), &|_| {});
        }
        let kept = disk::list(&child.home.schedule("nightly")).unwrap();
        assert_eq!(kept.len(), REPORTS_KEPT);
        assert!(kept.iter().any(|path| path.ends_with("19700101T000039Z.json")), "{kept:?}");
    }

    #[test]
    fn a_run_that_says_nothing_useful_or_hangs_or_is_not_there_is_told_so() {
        let (_folder, quiet) = child("echo oops >&2; exit 1");
        assert_eq!(quiet.run(&sample("@every:60", Missed::Skip), clock::from_ms(0), &|_| {}).said, "oops");
        let (_folder, hangs) = child("sleep 1000");
        let mut entry = sample("@every:60", Missed::Skip);
        entry.timeout = Duration::from_millis(200);
        let ended = hangs.run(&entry, clock::from_ms(0), &|_| {});
        assert!(ended.exit_code.is_none() && ended.said.contains("was killed"), "{ended:?}");
        let mut gone = hangs.clone();
        gone.program = "/no/such/program".into();
        let ended = gone.run(&entry, clock::from_ms(0), &|_| {});
        assert!(ended.exit_code.is_none() && ended.said.contains("could not be started"), "{ended:?}");
    }

    #[test]
    fn a_run_that_failed_and_one_that_was_missed_are_no_success() {
        let due = Due { at: clock::from_ms(0), missed: 0, late: false };
        let done = |fate, code: Option<i32>| Done {
            entry: "x".into(),
            claim: Claim { due, fate },
            ended: (fate == Settled::Run).then(|| Ended { exit_code: code, said: String::new(), report: None }),
        };
        assert_eq!(exit_code(&[done(Settled::Run, Some(0)), done(Settled::Skipped, None), done(Settled::Overlapped, None)]), 0);
        for bad in [done(Settled::Run, Some(3)), done(Settled::Run, None), done(Settled::Missed, None)] {
            assert_eq!(exit_code(&[bad]), 4);
        }
        assert_eq!(exit_code(&[]), 0);
    }
}
