//! `smoke`: the whole life of a session in one rehearsal, from pairing to restore.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::sandbox::Sandbox;
use super::{Over, Rehearsal, deviation};
use crate::clock::Stopwatch;
use crate::error::Result;
use crate::report::{Event, Report, Severity, Silent, Sink};
use crate::whatsapp::simulator::{Request, Simulator};

/// A number of the range that is reserved for fiction.
const PEER: &str = "15550100001";
const OUTBOUND_TEXT: &str = "smoke: are you there?";
const INBOUND_TEXT: &str = "smoke: bergamot";
const LATE_TEXT: &str = "smoke: still there after the restore";

/// Runs every step in `sandbox`, recording into `rehearsal`.
pub fn run(sandbox: &Sandbox, rehearsal: &mut Rehearsal) -> Result<(), Over> {
    let patience = Duration::from_secs(10);
    let mut stored_before = 0;
    let mut archive = String::new();

    rehearsal.step("start a session that no phone knows", "AUTH_REQUIRED", |_| {
        expect_state(sandbox.wpp(&["start"])?, "AUTH_REQUIRED")
    })?;
    rehearsal.step("link it by QR code", "READY", |_| link(sandbox))?;
    rehearsal.step("send a message", "accepted by the server and decrypted by the peer, word for word", |rehearsal| {
        let report = sandbox.wpp(&["send", PEER, OUTBOUND_TEXT, "--wait", "10"])?;
        rehearsal.wait_for("the peer decrypting the message", patience, || peer_read(sandbox, OUTBOUND_TEXT))?;
        Ok(format!("{}, the peer read it", text(&report.data, "state")))
    })?;
    rehearsal.step("receive messages", "stored once each and found by search", |rehearsal| {
        sandbox.simulate(Request::PeerSend { from: PEER.into(), text: INBOUND_TEXT.into(), count: 5, group: None })?;
        rehearsal.wait_for("the five messages in search", patience, || Ok((found(sandbox, "bergamot")? == 5).then_some(())))?;
        Ok("5 sent, 5 found".into())
    })?;
    rehearsal.step("ask the doctor", "nothing to complain about", |_| healthy(sandbox))?;
    rehearsal.step("back up while messages arrive", "an archive that passes hash and quick", |_| {
        let load = Load::start(sandbox);
        let made = sandbox.wpp(&["backup"]);
        let sent = load.stop();
        let report = made?;
        archive = text(&report.data, "path");
        sandbox.wpp(&["backup", "verify", "--level", "quick", &archive])?;
        Ok(format!("{} bytes, {sent} messages arrived meanwhile", report.data.get("size_bytes").cloned().unwrap_or_default()))
    })?;
    rehearsal.step("prove the archive", "restored into a sandbox of its own, it comes back to READY", |_| {
        Ok(sandbox.wpp(&["backup", "verify", "--level", "restore", &archive])?.title)
    })?;
    rehearsal.step("kill -9 the daemon", "its process is gone", |_| Ok(format!("process {} is gone", sandbox.kill_daemon()?)))?;
    rehearsal.step("ask the doctor", "it finds the dead daemon", |_| {
        let report = sandbox.try_wpp(&["doctor"], Arc::new(Silent))?;
        expect_findings(&report, &["wpp.session.stale-lock", "wpp.session.daemon-died"])
    })?;
    rehearsal.step("let the doctor mend it", "READY, and nothing left to complain about", |_| {
        sandbox.wpp(&["doctor", "--fix", "--yes"])?;
        expect_state(sandbox.wpp(&["status"])?, "READY")
    })?;
    rehearsal.step("stop the daemon", "lock free, socket gone", |_| {
        stored_before = number(&sandbox.wpp(&["status"])?.data, "messages");
        sandbox.wpp(&["stop"])?;
        let session = sandbox.session();
        match (session.lock().exists(), session.socket().exists()) {
            (false, false) => Ok(format!("{stored_before} messages stored, lock free, socket gone")),
            (lock, socket) => Err(deviation(format!("lock file there: {lock}, socket there: {socket}"))),
        }
    })?;
    rehearsal.step("damage wpp.db", "it is no database any more", |_| damage(sandbox))?;
    rehearsal.step("ask the doctor", "it finds the damage", |_| {
        let report = sandbox.try_wpp(&["doctor"], Arc::new(Silent))?;
        expect_findings(&report, &["wpp.store.messages-damaged"])
    })?;
    rehearsal.step("restore from the archive", "the session is READY", |_| {
        let report = sandbox.wpp(&["restore", &archive, "--plan", "data", "--yes"])?;
        let status = sandbox.wpp(&["status"])?;
        Ok(format!("{}; {}", report.title, expect_state(status, "READY")?))
    })?;
    rehearsal.step("look for the messages", "all that the archive held, and search finds them", |_| {
        let stored = number(&sandbox.wpp(&["status"])?.data, "messages");
        let hits = found(sandbox, "bergamot")?;
        // One sent and five received before the backup began; the load came on top.
        if stored < 6 || hits != 5 {
            return Err(deviation(format!("{stored} messages stored, {hits} of 5 found")));
        }
        Ok(format!("{stored} of {stored_before} messages there (the rest arrived after its snapshot), 5 of 5 found"))
    })?;
    rehearsal.step("send and receive again", "both ways decrypted, no new link needed", |rehearsal| {
        sandbox.wpp(&["send", PEER, LATE_TEXT, "--wait", "10"])?;
        rehearsal.wait_for("the peer decrypting the message", patience, || peer_read(sandbox, LATE_TEXT))?;
        sandbox.simulate(Request::PeerSend { from: PEER.into(), text: "smoke: verbena".into(), count: 1, group: None })?;
        rehearsal.wait_for("the answer in search", patience, || Ok((found(sandbox, "verbena")? == 1).then_some(())))?;
        Ok("sent, read, answered, stored".into())
    })?;
    rehearsal.step("ask the doctor a last time", "nothing to complain about", |_| healthy(sandbox))?;
    rehearsal.step("stop for good", "the daemon drains and ends", |_| Ok(sandbox.wpp(&["stop"])?.title))?;
    Ok(())
}

fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(value: &Value, field: &str) -> u64 {
    value.get(field).and_then(Value::as_u64).unwrap_or_default()
}

fn expect_state(report: Report, wanted: &str) -> Result<String> {
    let state = text(&report.data, "state");
    if state == wanted { Ok(report.title) } else { Err(deviation(report.title)) }
}

fn expect_findings(report: &Report, wanted: &[&str]) -> Result<String> {
    let ids: Vec<&str> =
        report.findings.iter().filter(|found| found.severity > Severity::Info).map(|found| found.id.as_str()).collect();
    let missing: Vec<&str> = wanted.iter().copied().filter(|id| !ids.contains(id)).collect();
    if missing.is_empty() {
        Ok(format!("found {}", ids.join(", ")))
    } else {
        Err(deviation(format!("{} not among [{}]", missing.join(", "), ids.join(", "))))
    }
}

fn healthy(sandbox: &Sandbox) -> Result<String> {
    let report = sandbox.wpp(&["doctor", "--fail-on", "warning"])?;
    Ok(format!("{} checks, all ok", report.findings.len()))
}

fn found(sandbox: &Sandbox, words: &str) -> Result<usize> {
    let report = sandbox.wpp(&["search", words, "--limit", "100"])?;
    Ok(report.data.get("messages").and_then(Value::as_array).map_or(0, Vec::len))
}

fn peer_read(sandbox: &Sandbox, wanted: &str) -> Result<Option<()>> {
    let inbox = sandbox.simulate(Request::PeerInbox { peer: PEER.into() })?;
    let messages = inbox.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(messages.iter().any(|message| text(message, "text") == wanted).then_some(()))
}

/// The phone: scans every QR code that `wpp reauth` shows.
struct Phone {
    simulator: Simulator,
    runtime: tokio::runtime::Handle,
    scanned: AtomicU32,
}

impl Sink for Phone {
    fn emit(&self, event: Event) {
        if let Event::QrCode { code, .. } = event {
            let simulator = self.simulator.clone();
            self.scanned.fetch_add(1, Ordering::Relaxed);
            // A scan that fails shows in the session that never opens.
            self.runtime.spawn(async move { simulator.execute(Request::PhoneScan { code }).await });
        }
    }
}

fn link(sandbox: &Sandbox) -> Result<String> {
    let watch = Stopwatch::start();
    let (simulator, runtime) = sandbox.simulator().ok_or_else(|| deviation("the simulator has ended"))?;
    let phone = Arc::new(Phone { simulator, runtime, scanned: AtomicU32::new(0) });
    let report = sandbox.try_wpp(&["reauth", "--timeout", "15"], phone.clone())?;
    let state = expect_state(report, "READY")?;
    Ok(format!("{state} {} ms after asking, {} code scanned", watch.elapsed_ms(), phone.scanned.load(Ordering::Relaxed)))
}

/// A peer that keeps writing.
struct Load {
    stop: Arc<AtomicBool>,
    worker: Option<std::thread::JoinHandle<u32>>,
}

impl Load {
    fn start(sandbox: &Sandbox) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let worker = sandbox.simulator().map(|(simulator, runtime)| {
            let stop = stop.clone();
            std::thread::spawn(move || {
                let mut sent = 0;
                while !stop.load(Ordering::Relaxed) {
                    let request =
                        Request::PeerSend { from: PEER.into(), text: format!("smoke: load {sent}"), count: 1, group: None };
                    if runtime.block_on(simulator.execute(request)).is_ok() {
                        sent += 1;
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
                sent
            })
        });
        Load { stop, worker }
    }

    fn stop(mut self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.worker.take().and_then(|worker| worker.join().ok()).unwrap_or(0)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Overwrites the middle of wpp.db with noise, its header included, as a bad disk would.
fn damage(sandbox: &Sandbox) -> Result<String> {
    let path = sandbox.session().wpp_db();
    let mut bytes = std::fs::read(&path).map_err(|error| crate::disk::cannot("read", &path, error))?;
    let length = bytes.len();
    for (position, byte) in bytes.iter_mut().enumerate() {
        if position >= 100 && position % 3 == 0 {
            *byte ^= 0x5a;
        }
    }
    std::fs::write(&path, bytes).map_err(|error| crate::disk::cannot("write", &path, error))?;
    Ok(format!("a third of its {length} bytes flipped"))
}
