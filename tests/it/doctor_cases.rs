//! Triples of `wpp doctor --fix`: how a home is broken, what is found then, and the home after the fix.
//!
//! Each folder of `tests/cases/doctor` is one: `broken.toml`, `findings.json` (all that is worse than a
//! note) and `fixed.json` (how `--fix --yes` ends, and what is true then).

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use wpp::journal::Journal;
use wpp::whatsapp::simulator::{Knob, KnobName, Request};

use crate::doctor_home::{Unprivileged, chmod, doctor, linked, lock_of, only, said_ok, whole};
use crate::harness::TestHome;
use crate::simulated::Simulated;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Broken {
    what: String,
    base: String,
    #[serde(default, rename = "break")]
    acts: Vec<Act>,
}

/// Paths are relative to the home.
#[derive(Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
enum Act {
    Chmod { path: PathBuf, mode: String },
    Folder { path: PathBuf, mode: String },
    Write { path: PathBuf, text: String, mode: String },
    StaleLock { path: PathBuf, role: String },
    StaleSocket { path: PathBuf },
}

#[derive(Deserialize, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Found {
    id: String,
    session: Option<String>,
    severity: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixed {
    exit_code: Option<i32>,
    fixes: Vec<Applied>,
    findings: Option<Vec<Found>>,
    #[serde(default)]
    modes: BTreeMap<PathBuf, String>,
    #[serde(default)]
    absent: Vec<PathBuf>,
    #[serde(default)]
    present: Vec<PathBuf>,
    #[serde(default)]
    unchanged: Vec<PathBuf>,
    /// Parts of command lines that are told and not run.
    #[serde(default)]
    left_to_a_person: Vec<String>,
}

#[derive(Deserialize, Debug, PartialEq, Eq, Clone)]
#[serde(deny_unknown_fields)]
struct Applied {
    /// Of what runs a command, with the command: `run start`.
    act: String,
    checks: Vec<String>,
    verdict: String,
    /// A part of what is said of it.
    #[serde(default)]
    observed: String,
}

/// A home to break, with what keeps it going.
enum Base {
    Still(TestHome),
    /// Of a user whom modes stop.
    Unprivileged(TestHome, Unprivileged),
    Simulated(Box<Simulated>),
    /// The server is mended before the fix is tried.
    Unheard(Box<Simulated>),
}

/// A daemon that says READY and hears nothing: the server keeps the connection and says no word. The watchdog,
/// which would cut the connection long before the doctor complains, is set to look much later.
fn unheard() -> Simulated {
    let simulated = Simulated::with_settings(
        "[daemon]\nstart_timeout_ms = 8000\ndrain_timeout_ms = 2000\nwatchdog_ms = 80000\n[doctor]\nheartbeat_age_ms_max = 6000\n",
    );
    chmod(simulated.home.path(), 0o700);
    chmod(&simulated.home.path().join("config.toml"), 0o600);
    let outcome = simulated.link();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    simulated.ask(Request::Set { knob: Knob::Silent });
    simulated.until("the lost stream", || {
        let (lost, report) = only(&simulated.home, "wpp.session.stream-lost");
        if lost.is_empty() { Err(report.to_string()) } else { Ok(()) }
    });
    assert_eq!(simulated.state().0, "READY");
    simulated
}

/// A daemon that was killed while it waited for its first phone.
fn unlinked() -> Simulated {
    let simulated = Simulated::new();
    chmod(simulated.home.path(), 0o700);
    chmod(&simulated.home.path().join("config.toml"), 0o600);
    let outcome = simulated.home.run(&["start"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    simulated.until("all tables of the store", || {
        let (wanting, report) = only(&simulated.home, "wpp.store.migrations");
        if wanting.is_empty() && said_ok(&report, "wpp.store.migrations") { Ok(()) } else { Err(report.to_string()) }
    });
    simulated.kill_daemon();
    simulated
}

impl Base {
    fn named(name: &str) -> Base {
        match name {
            "stopped" => Base::Still(whole()),
            "stopped-in-order" => {
                let home = whole();
                let journal = Journal::open(&home.path().join("ops.db")).unwrap();
                for verb in ["start", "stop"] {
                    journal.record(Some("main"), verb, &serde_json::json!({})).unwrap();
                }
                Base::Still(home)
            }
            "killed" => {
                let simulated = linked();
                simulated.kill_daemon();
                Base::Simulated(Box::new(simulated))
            }
            "killed-unlinked" => Base::Simulated(Box::new(unlinked())),
            "stream-lost" => Base::Unheard(Box::new(unheard())),
            "nobody" => {
                let home = whole();
                let owner = Unprivileged::owning(&home);
                Base::Unprivileged(home, owner)
            }
            other => panic!("there is no base {other}"),
        }
    }

    fn home(&self) -> &TestHome {
        match self {
            Base::Still(home) | Base::Unprivileged(home, _) => home,
            Base::Simulated(simulated) | Base::Unheard(simulated) => &simulated.home,
        }
    }

    fn doctor(&self, arguments: &[&str]) -> (i32, Value) {
        match self {
            Base::Unprivileged(home, owner) => owner.doctor(home, arguments),
            Base::Still(_) | Base::Simulated(_) | Base::Unheard(_) => doctor(self.home(), arguments),
        }
    }

    /// What is no part of the fix and has to be so that it can help.
    fn before_fix(&self) {
        if let Base::Unheard(simulated) = self {
            simulated.ask(Request::Clear { knob: Some(KnobName::Silent) });
        }
    }
}

impl Drop for Base {
    /// A fix may have started a daemon, which goes with the home.
    fn drop(&mut self) {
        let lock = wpp::disk::Lock::look(&self.home().session("main").join("LOCK"));
        if let Ok(wpp::disk::LockState::Held(Some(owner))) = lock
            && let Some(process) = rustix::process::Pid::from_raw(owner.pid.cast_signed())
        {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
    }
}

fn mode(text: &str) -> u32 {
    u32::from_str_radix(text, 8).unwrap()
}

fn apply(home: &Path, act: &Act) {
    match act {
        Act::Chmod { path, mode: bits } => chmod(&home.join(path), mode(bits)),
        Act::Folder { path, mode: bits } => {
            std::fs::create_dir(home.join(path)).unwrap();
            chmod(&home.join(path), mode(bits));
        }
        Act::Write { path, text, mode: bits } => {
            std::fs::write(home.join(path), text).unwrap();
            chmod(&home.join(path), mode(bits));
        }
        Act::StaleLock { path, role } => {
            std::fs::write(home.join(path), lock_of(role)).unwrap();
            chmod(&home.join(path), 0o600);
        }
        Act::StaleSocket { path } => {
            drop(std::os::unix::net::UnixListener::bind(home.join(path)).unwrap());
            chmod(&home.join(path), 0o600);
        }
    }
}

/// What is worse than a note.
fn found(report: &Value) -> Vec<Found> {
    let bad = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| !["ok", "info"].contains(&finding["severity"].as_str().unwrap()));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut found: Vec<Found> = bad
        .map(|finding| Found {
            id: text(&finding["id"]).unwrap(),
            session: text(&finding["session"]),
            severity: text(&finding["severity"]).unwrap(),
        })
        .collect();
    found.sort();
    found
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fixes that a report tells of.
fn applied(report: &Value) -> Vec<Applied> {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value} is no text in {report:#}")).to_owned();
    let of = |fix: &Value| {
        let act = text(&fix["fix"]["act"]);
        Applied {
            act: if act == "run" { format!("{act} {}", text(&fix["fix"]["argv"][0])) } else { act },
            checks: fix["checks"].as_array().unwrap().iter().map(text).collect(),
            verdict: text(&fix["verdict"]),
            observed: text(&fix["observed"]),
        }
    };
    report["data"]["fixes"].as_array().unwrap().iter().map(of).collect()
}

/// Runs one case; the acts that `--fix` carried out.
fn run(folder: &Path) -> Vec<Applied> {
    let name = folder.display();
    let broken: Broken = toml::from_str(&std::fs::read_to_string(folder.join("broken.toml")).unwrap())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!broken.what.is_empty(), "{name}");
    let mut expected: Vec<Found> = read(&folder.join("findings.json"));
    let fixed: Fixed = read(&folder.join("fixed.json"));
    let base = Base::named(&broken.base);
    let home = base.home();
    broken.acts.iter().for_each(|act| apply(home.path(), act));

    let (_, report) = base.doctor(&[]);
    expected.sort();
    assert_eq!(found(&report), expected, "{name}: {report:#}");
    let before: Vec<Vec<u8>> = fixed.unchanged.iter().map(|path| std::fs::read(home.path().join(path)).unwrap()).collect();
    let (_, planned) = base.doctor(&["--fix", "--dry-run"]);
    base.before_fix();
    let (code, report) = base.doctor(&["--fix", "--yes"]);
    let (planned, applied) = (applied(&planned), applied(&report));
    let bare = |applied: &Applied| Applied { observed: String::new(), ..applied.clone() };
    assert_eq!(
        applied.iter().map(bare).collect::<Vec<_>>(),
        fixed.fixes.iter().map(bare).collect::<Vec<_>>(),
        "{name}: {report:#}"
    );
    for (applied, fixed) in applied.iter().zip(&fixed.fixes) {
        assert!(applied.observed.contains(&fixed.observed), "{name}: {} is not said in {applied:?}", fixed.observed);
    }
    // What is shown before it is done is all that is done, and in this order.
    let would = |applied: &Applied| Applied { verdict: "skipped".into(), ..bare(applied) };
    let first_round: Vec<Applied> = applied.iter().map(would).collect();
    assert_eq!(planned.iter().map(bare).collect::<Vec<_>>(), first_round, "{name}: {report:#}");
    if let Some(expected) = fixed.exit_code {
        assert_eq!(code, expected, "{name}: {report:#}");
    }
    if let Some(mut expected) = fixed.findings {
        expected.sort();
        assert_eq!(found(&report), expected, "{name}: {report:#}");
    }
    for (path, bits) in &fixed.modes {
        assert_eq!(home.path().join(path).metadata().unwrap().permissions().mode() & 0o7777, mode(bits), "{name}: {path:?}");
    }
    for (path, wanted) in fixed.absent.iter().map(|path| (path, false)).chain(fixed.present.iter().map(|path| (path, true))) {
        assert_eq!(home.path().join(path).symlink_metadata().is_ok(), wanted, "{name}: {path:?}");
    }
    for (path, before) in fixed.unchanged.iter().zip(before) {
        assert_eq!(std::fs::read(home.path().join(path)).unwrap(), before, "{name}: {path:?}");
    }
    for command in &fixed.left_to_a_person {
        assert!(report["sections"].to_string().contains(command), "{name}: {command} is not told in {report:#}");
    }
    // A fix that failed says what it saw.
    for fix in report["data"]["fixes"].as_array().unwrap().iter().filter(|fix| fix["verdict"] == "fail") {
        assert!(!fix["observed"].as_str().unwrap().is_empty() && code != 0, "{name}: {fix:#}");
    }
    fixed.fixes
}

#[test]
fn every_case_is_found_and_mended_as_its_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/doctor");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let applied: Vec<Applied> = cases.iter().flat_map(|case| run(case)).collect();
    let of = |verdict: &str| -> BTreeSet<String> {
        applied.iter().filter(|applied| applied.verdict == verdict).map(|applied| applied.act.clone()).collect()
    };
    let acts = ["chmod", "remove_stale_lock", "remove_stale_socket", "run restart", "run start"].map(str::to_owned);
    assert_eq!(of("pass"), acts.into_iter().collect(), "every act has a case in which it helps");
    assert!(of("fail").contains("run start"), "and one that does not help has a case, too");
}
