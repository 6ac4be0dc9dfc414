//! What plugins cost: compiling one, loading what was compiled, a call, memory, and a doctor that asks
//! ten of them beside one that asks none.
//!
//! `cargo bench --bench plugins` prints one table; it judges nothing. Options, after `--`: `--runs N`
//! sets how often each is measured (20), `--rival PATH` measures another `wpp` beside this one at what
//! has nothing to do with plugins.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints and may fail"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;
use wpp::home::{Home, HomeKind};
use wpp::plugin::cache::Cache;
use wpp::plugin::grants::Grants;
use wpp::plugin::host::{Host, Limits, Plugin};
use wpp::plugin::http::Http;
use wpp::plugin::powers::Powers;
use wpp::plugin::secrets::Secrets;

/// Those with checks; ten are made of them by giving them names.
const GATEWAYS: [&str; 4] = ["openwa", "baileys", "connector", "jarvis"];
const SECRETS: [&str; 3] = ["openwa-key", "connector-token", "jarvis-token"];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1).cloned());
    let runs = option("--runs").and_then(|text| text.parse().ok()).unwrap_or(20);
    let scratch = tempfile::Builder::new().prefix("wpp-bench-").tempdir().unwrap();
    println!("{:<44} {:>10} {:>10} {:>10}", "what", "min", "median", "max");
    in_process(scratch.path(), runs);
    processes(scratch.path(), runs);
    if let Some(rival) = option("--rival") {
        beside(scratch.path(), Path::new(&rival), runs.max(100));
    }
}

/// What the host does, without a process around it.
fn in_process(scratch: &Path, runs: usize) {
    for name in GATEWAYS {
        let bytes = component(name);
        let size = format!("{name}, {} KiB", bytes.len() >> 10);
        row(&format!("compile {size} (ms)"), runs.min(5), 1e3, || {
            let host = Host::new(Limits::default()).unwrap();
            timed(|| drop(host.load(name, &bytes, None).unwrap()))
        });
        let cache = Cache::at(&scratch.join("compiled")).unwrap();
        drop(Host::new(Limits::default()).unwrap().load(name, &bytes, Some(&cache)).unwrap());
        row(&format!("load {size}, compiled before (ms)"), runs, 1e3, || {
            let host = Host::new(Limits::default()).unwrap();
            timed(|| drop(host.load(name, &bytes, Some(&cache)).unwrap()))
        });
    }
    row("start the engine (ms)", runs, 1e3, || timed(|| drop(Host::new(Limits::default()).unwrap())));
    let host = Host::new(Limits::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for name in ["openwa", "ntfy"] {
        let plugin = host.load(name, &component(name), None).unwrap();
        // The function alone, and with its instance: made, and cleared away.
        let mut alone = Vec::new();
        row(&format!("call {name}: describe, with its instance (µs)"), runs, 1e6, || {
            let calls = 1000;
            let powers: Vec<Powers> = (0..calls).map(|_| powers(&plugin)).collect();
            let mut within = Duration::ZERO;
            let took = timed(|| {
                runtime.block_on(async {
                    for powers in powers {
                        let called = plugin.describe(powers).await;
                        called.answer.unwrap();
                        within += called.took.unwrap();
                    }
                });
            });
            alone.push(within.as_secs_f64() / f64::from(calls));
            took / f64::from(calls)
        });
        let mut alone = alone.into_iter();
        row(&format!("call {name}: describe, alone (µs)"), runs, 1e6, || alone.next().unwrap());
    }
}

fn powers(plugin: &Plugin) -> Powers {
    let secrets = Arc::new(Secrets::new(Path::new("/nowhere"), &BTreeMap::new()));
    let http = Http::new(plugin.name(), Grants::default(), secrets, true, 1 << 20);
    Powers::new(Arc::default(), Arc::new(http), Limits::default().deadline)
}

/// `wpp doctor` with 0, 1 and 10 plugins, each against a server that answers at once.
fn processes(scratch: &Path, runs: usize) {
    let (address, asked) = server();
    let homes: Vec<(usize, PathBuf)> =
        [0, 1, 10].into_iter().map(|number| (number, home(scratch, &format!("with-{number}"), number, address))).collect();
    let mut medians = Vec::new();
    for (number, home) in &homes {
        // What is compiled once is not counted.
        doctor(home);
        assert!(asked.load(Ordering::Relaxed) >= 2 * number, "the plugins ask their server");
        let mut memory = Vec::new();
        let median = row(&format!("wpp doctor with {number} plugins (ms)"), runs, 1e3, || {
            let mut rss = 0.0;
            let took = timed(|| rss = doctor(home));
            memory.push(rss);
            took
        });
        memory.sort_by(f64::total_cmp);
        let (least, middle, most) = (memory[0], memory[memory.len() / 2], memory[memory.len() - 1]);
        println!("{:<44} {least:>10.1} {middle:>10.1} {most:>10.1}", "… its peak of memory (MiB)");
        medians.push(median);
    }
    println!("doctor with 1 / without: {:.2}   with 10 / without: {:.2}", medians[1] / medians[0], medians[2] / medians[0]);
}

/// Runs the doctor; its peak of memory in MiB.
fn doctor(home: &Path) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wpp"));
    command.arg("--home").arg(home).args(["doctor", "--fail-on", "never"]);
    for secret in SECRETS {
        command.env(Secrets::variable(secret), "secret-of-the-benchmark");
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let used = child.wait4().unwrap();
    assert!(used.status.success(), "{:?}", used.status);
    used.rusage.maxrss as f64 / f64::from(1 << 20)
}

/// A sandbox with so many plugins.
fn home(scratch: &Path, name: &str, number: usize, address: SocketAddr) -> PathBuf {
    let path = scratch.join(name);
    let home = Home::create(&path, HomeKind::Sandbox).unwrap();
    let mut settings = String::new();
    for (at, gateway) in GATEWAYS.iter().cycle().take(number).enumerate() {
        settings.push_str(&format!("[plugin.{gateway}-{at}]\nurl = \"http://{address}\"\n"));
    }
    wpp::disk::write_atomic(&home.config(), settings.as_bytes()).unwrap();
    for (at, gateway) in GATEWAYS.iter().cycle().take(number).enumerate() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wpp"));
        let grant = format!("http=http://{address}");
        command.arg("--home").arg(&path).args([
            "plugin",
            "add",
            "--yes",
            "--grant",
            &grant,
            "--name",
            &format!("{gateway}-{at}"),
        ]);
        for secret in SECRETS {
            command.args(["--grant", &format!("secret={secret}")]);
        }
        assert!(command.arg(file(gateway)).stdout(Stdio::null()).status().unwrap().success());
    }
    path
}

/// A server that is overloaded, and says so at once; and how often it was asked.
fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let asked = Arc::clone(&counted);
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    if line == "\r\n" {
                        asked.fetch_add(1, Ordering::Relaxed);
                        let answer =
                            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                    line.clear();
                }
            });
        }
    });
    (address, asked)
}

/// Another `wpp` at what has nothing to do with plugins, turn by turn.
fn beside(scratch: &Path, rival: &Path, runs: usize) {
    let home = scratch.join("beside");
    Home::create(&home, HomeKind::Sandbox).unwrap();
    // Copies of both: a file that a linker wrote piece by piece is mapped more slowly than one that was
    // copied, by more than what is measured here.
    let copied = |program: &Path, name: &str| {
        let copy = scratch.join(name);
        std::fs::copy(program, &copy).unwrap();
        copy
    };
    let programs = [copied(Path::new(env!("CARGO_BIN_EXE_wpp")), "ours"), copied(rival, "rival")];
    for line in [&["--version"][..], &["status"]] {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..runs {
            for (program, times) in programs.iter().zip(&mut times) {
                let mut command = Command::new(program);
                command.arg("--home").arg(&home).args(line).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                times.push(timed(|| assert!(command.status().unwrap().code().is_some())));
            }
        }
        let medians = times.each_mut().map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2] * 1e3
        });
        println!(
            "{:<44} {:>10.2} {:>10.2} {:>10.2}",
            format!("{}: ours, rival (ms), ratio", line.join(" ")),
            medians[0],
            medians[1],
            medians[0] / medians[1]
        );
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins").join(name).join(format!("{name}.wasm"))
}

fn component(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).unwrap()
}

/// Seconds.
fn timed(act: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    act();
    begun.elapsed().as_secs_f64()
}

/// Measures and prints one row in a unit of which a second has so many; answers the median.
fn row(what: &str, runs: usize, per_second: f64, mut measure: impl FnMut() -> f64) -> f64 {
    let mut values: Vec<f64> = (0..runs).map(|_| measure() * per_second).collect();
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    println!("{what:<44} {:>10.2} {median:>10.2} {:>10.2}", values[0], values[values.len() - 1]);
    median
}
