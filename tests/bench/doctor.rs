//! What a look of the doctor costs: one session, 1,000 with 20 daemons among them, 10,000; beside a shell
//! script that asks `stat`, `sqlite3` and `curl` for the same facts. All sessions are healthy, which is shown
//! before anything is measured.
//!
//! `cargo bench --bench doctor` prints one table. Options, after `--`: `--runs N` sets how often each is
//! measured (5), `--sessions N` the larger numbers of sessions (1000 and ten times that). `--check` judges, of
//! 1,000 sessions: a ceiling that is missed is told, and the exit code is 1. It is for a quiet machine; CI
//! judges no times.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints and may fail"
)]

use std::process::{Command, ExitCode};

#[path = "../it/many_sessions.rs"]
mod many_sessions;

use many_sessions::{ManySessions, measured, name, peak_mib};

/// Sessions with something that answers like a daemon.
const DAEMONS: usize = 20;
/// The number of sessions that the ceilings are for.
const SESSIONS: usize = 1000;
/// A look at one healthy session, in milliseconds.
const ONE_MS_MAX: f64 = 30.0;
/// A look at [`SESSIONS`] of them, in milliseconds.
const MANY_MS_MAX: f64 = 1000.0;
/// The most memory that it may hold, in MiB.
const MANY_MIB_MAX: f64 = 64.0;
/// Ten times as many sessions may take so many times ten times as much.
const LINEAR_MAX: f64 = 1.5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1)?.parse().ok());
    let runs = option("--runs").unwrap_or(5);
    let many = option("--sessions").unwrap_or(SESSIONS);
    let check = arguments.iter().any(|word| word == "--check");
    if check && many != SESSIONS {
        eprintln!("--check judges {SESSIONS} sessions: leave out --sessions");
        return ExitCode::from(2);
    }
    let mut ceilings = Vec::new();
    let mut ceiling = |what: &str, seen: f64, most: f64, unit: &str| {
        let verdict = if seen <= most { "ok" } else { "MISSED" };
        ceilings.push((seen <= most, format!("{verdict:<7} {what}: {seen:.1} {unit} of at most {most:.1}")));
    };
    println!("{:<52} {:>10} {:>10} {:>10} {:>10}", "what", "min ms", "median ms", "max ms", "peak MiB");
    let one = healthy(1, 1);
    let seen = row("wpp doctor, 1 session with a daemon", runs.max(20), || one.doctor(&["--offline", "--session", &name(0)]));
    ceiling("1 session, median", seen.median_ms, ONE_MS_MAX, "ms");
    row("the same, nothing kept", runs.max(20), || one.doctor(&["--offline", "--no-record", "--session", &name(0)]));
    timed("script, 1 session with a daemon", runs.max(20), || script(&one), "");
    drop(one);
    let mut before: Option<Seen> = None;
    for sessions in [many, many * 10] {
        let fixture = healthy(sessions, DAEMONS);
        let of = format!("{sessions} sessions, {DAEMONS} with daemons");
        let seen = row(&format!("wpp doctor --all, {of}"), runs, || fixture.doctor(&["--offline", "--all"]));
        let as_json = row("the same, --format json", runs, || fixture.doctor(&["--offline", "--all", "--format", "json"]));
        match &before {
            None => {
                ceiling(&format!("{sessions} sessions, median"), seen.median_ms, MANY_MS_MAX, "ms");
                ceiling(&format!("{sessions} sessions, peak"), seen.peak_mib, MANY_MIB_MAX, "MiB");
                ceiling(&format!("{sessions} sessions as JSON, peak"), as_json.peak_mib, MANY_MIB_MAX, "MiB");
                timed(&format!("script, {of}"), 1, || script(&fixture), "");
            }
            Some(tenth) => {
                ceiling(&format!("{sessions} sessions, median"), seen.median_ms, tenth.median_ms * 10.0 * LINEAR_MAX, "ms");
                ceiling(&format!("{sessions} sessions, peak"), seen.peak_mib, tenth.peak_mib * 10.0 * LINEAR_MAX, "MiB");
            }
        }
        before = Some(seen);
    }
    if !check {
        return ExitCode::SUCCESS;
    }
    println!();
    ceilings.iter().for_each(|(_, line)| println!("{line}"));
    if ceilings.iter().all(|(is_kept, _)| *is_kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sessions in which nothing is found: what is measured is the look, and not the telling of what is wrong.
fn healthy(sessions: usize, daemons: usize) -> ManySessions {
    let fixture = ManySessions::new(sessions, daemons);
    let seen = measured(fixture.doctor(&["--offline", "--all", "--no-record", "--format", "json"]));
    let report: serde_json::Value = serde_json::from_slice(&seen.stdout).unwrap();
    let counts = &report["data"]["counts"];
    for severity in ["error", "critical", "unknown"] {
        assert_eq!(counts[severity], 0, "{:#}", report["findings"]);
    }
    fixture
}

/// The same facts as a person with a shell gets them: owners and modes, whether the databases are whole, what
/// the daemons say.
fn script(fixture: &ManySessions) -> Command {
    let script = r#"cd "$1/sessions" || exit 1
        for session in *; do
            stat -c '%U %a %n' "$session" "$session"/*
            sqlite3 "file:$session/session.db?mode=ro&immutable=1" 'pragma quick_check; select count(*) from device where pn <> ""'
            sqlite3 "file:$session/wpp.db?mode=ro&immutable=1" 'pragma quick_check; select count(*) from messages'
            if [ -S "$session/daemon.sock" ]; then
                curl --silent --unix-socket "$session/daemon.sock" http://localhost/v1/status
            fi
        done"#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(fixture.home());
    command
}

/// What several runs of the same took.
struct Seen {
    median_ms: f64,
    peak_mib: f64,
}

/// Memory is looked at in a run of its own: looking takes time.
fn row(what: &str, runs: usize, command: impl Fn() -> Command) -> Seen {
    let peak_mib = peak_mib(command());
    Seen { median_ms: timed(what, runs, command, &format!("{peak_mib:.1}")), peak_mib }
}

/// What a script holds is in the programs that it starts, and is not looked at.
fn timed(what: &str, runs: usize, command: impl Fn() -> Command, memory: &str) -> f64 {
    let mut times: Vec<f64> = (0..runs).map(|_| measured(command()).time_ms).collect();
    times.sort_by(f64::total_cmp);
    let (median_ms, max_ms) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{what:<52} {:>10.1} {median_ms:>10.1} {max_ms:>10.1} {memory:>10}", times[0]);
    median_ms
}
