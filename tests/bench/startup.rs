//! How fast a session is there, and what it costs: `wpp` beside a bare client of the same library,
//! in the same run, against the same simulator.
//!
//! `cargo bench --bench startup` prints one table; it judges nothing. `-- --runs N` sets how often
//! each is measured (20).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints and may fail"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use wpp::whatsapp::simulator::{Options, Request, Simulator};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(position) = arguments.iter().position(|word| word == "bare-client") {
        return bare_client(Path::new(&arguments[position + 1]), &arguments[position + 2]);
    }
    let runs =
        arguments.iter().position(|word| word == "--runs").and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(20);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::Builder::new().prefix("wpp-bench-").tempdir().unwrap();
    let home = folder.path().join("h");
    wpp::home::Home::create(&home, wpp::home::HomeKind::Sandbox).unwrap();
    let simulator = runtime
        .block_on(Simulator::start(Options { directory: home.join("simulator"), listen: "127.0.0.1:0".parse().unwrap() }))
        .unwrap();
    let bench = Bench { home: &home };

    pair(&bench, &runtime, &simulator);
    println!("{:<44} {:>10} {:>10} {:>10}", "what (ms unless said)", "min", "median", "max");
    row("wpp --version", runs, || timed(|| assert!(bench.wpp(&["--version"]).status.success())));
    row("wpp status (daemon READY)", runs, || timed(|| assert!(bench.wpp(&["status"]).status.success())));
    row("wpp restart to READY", runs, || timed(|| assert!(bench.wpp(&["restart"]).status.success())));
    let rss = row("daemon idle RSS (MiB)", 1, || {
        std::thread::sleep(Duration::from_secs(3));
        resident_mib(bench.daemon())
    });
    bench.wpp(&["stop"]);
    let start = row("wpp start to READY", runs, || {
        let took = timed(|| assert!(bench.wpp(&["start"]).status.success()));
        bench.wpp(&["stop"]);
        took
    });

    let store = home.join("sessions/main/session.db");
    let mut bare_rss = 0.0;
    let bare = row("bare client, process start to synced", runs, || {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["bare-client", store.to_str().unwrap(), &simulator.url()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let took = timed(|| {
            let mut line = String::new();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut line).unwrap();
            assert_eq!(line.trim(), "synced");
        });
        bare_rss = resident_mib(child.id());
        drop(child.stdin.take());
        child.wait().unwrap();
        took
    });
    println!("{:<44} {:>10} {:>10.1} {:>10}", "bare client RSS (MiB)", "", bare_rss, "");
    println!("start to READY / bare client: {:.2}   RSS / bare client: {:.2}", start / bare, rss / bare_rss);
    runtime.block_on(simulator.stop());
}

struct Bench<'a> {
    home: &'a Path,
}

impl Bench<'_> {
    fn wpp(&self, line: &[&str]) -> std::process::Output {
        Command::new(env!("CARGO_BIN_EXE_wpp")).arg("--home").arg(self.home).args(line).stdin(Stdio::null()).output().unwrap()
    }

    fn daemon(&self) -> u32 {
        let status = self.wpp(&["status", "--format", "json"]);
        let value: Value = serde_json::from_slice(&status.stdout).unwrap();
        u32::try_from(value["data"]["pid"].as_u64().unwrap()).unwrap()
    }
}

/// Links the session: `wpp reauth` shows the code, the simulated phone scans it.
fn pair(bench: &Bench<'_>, runtime: &tokio::runtime::Runtime, simulator: &Simulator) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wpp"))
        .arg("--home")
        .arg(bench.home)
        .args(["reauth", "--format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    for line in std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap())) {
        let value: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if value["event"] == "qr_code" {
            let code = value["code"].as_str().unwrap().to_owned();
            runtime.block_on(simulator.execute(Request::PhoneScan { code })).unwrap();
        }
    }
    assert!(child.wait().unwrap().success(), "linking failed");
}

fn timed(act: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    act();
    begun.elapsed().as_secs_f64() * 1000.0
}

/// Measures and prints one row; answers the median.
fn row(what: &str, runs: usize, mut measure: impl FnMut() -> f64) -> f64 {
    let mut values: Vec<f64> = (0..runs).map(|_| measure()).collect();
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    println!("{what:<44} {:>10.1} {median:>10.1} {:>10.1}", values[0], values[values.len() - 1]);
    median
}

fn resident_mib(pid: u32) -> f64 {
    let output = Command::new("ps").args(["-o", "rss=", "-p", &pid.to_string()]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse::<f64>().unwrap() / 1024.0
}

/// The rival: the library alone, connected, waiting for its standard input to close.
fn bare_client(store: &Path, url: &str) {
    use whatsapp_rust::prelude::*;
    use whatsapp_rust::transport::TokioWebSocketTransportFactory;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (sender, mut synced) = tokio::sync::mpsc::unbounded_channel();
        let handle = Bot::builder()
            .with_backend(SqliteStore::new(store.to_str().unwrap()).await.unwrap())
            .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(url))
            .with_version((2, 3000, 1_042_742_319))
            .skip_history_sync()
            .on_event(move |event, _| {
                if matches!(&*event, Event::OfflineSyncCompleted(_)) {
                    let _ = sender.send(());
                }
                async {}
            })
            .build()
            .await
            .unwrap()
            .spawn();
        synced.recv().await.unwrap();
        println!("synced");
        let _ = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await;
        handle.shutdown().await;
    });
}
