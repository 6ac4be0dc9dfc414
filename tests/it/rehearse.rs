//! `wpp backup verify --level restore`: an archive really comes back, or it is said what it lacks.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use wpp::home::{Home, HomeKind};
use wpp::journal::Journal;
use wpp::whatsapp::simulator::Request;

use crate::harness::TestHome;
use crate::simulated::Simulated;
use crate::stores;

/// A session that was linked, used and stopped in order.
fn used() -> Simulated {
    let simulated = Simulated::linked();
    simulated.peer_sends("bergamot and verbena", 6);
    simulated.until("the messages", || match simulated.found("bergamot") {
        6 => Ok(()),
        count => Err(format!("{count} found")),
    });
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    simulated
}

fn back_up(home: &TestHome) -> PathBuf {
    let (code, report) = home.json(&["backup"]);
    assert_eq!(code, 0, "{report}");
    report["data"]["path"].as_str().unwrap().into()
}

fn prove(home: &TestHome) -> (i32, Value) {
    home.json(&["backup", "verify", "latest", "--level", "restore"])
}

/// Title and verdict of each step.
fn steps(report: &Value) -> Vec<(String, String, String)> {
    let text = |step: &Value, field: &str| step[field].as_str().unwrap().to_owned();
    let steps = report["steps"].as_array().unwrap();
    steps.iter().map(|step| (text(step, "title"), text(step, "verdict"), text(step, "observed"))).collect()
}

/// What the backup folder holds beside archives.
fn left(home: &TestHome) -> Vec<String> {
    let names = std::fs::read_dir(home.path().join("backups")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".wpp.tar.gz")).collect()
}

fn listed(home: &TestHome) -> Value {
    let (_, report) = home.json(&["backup", "list"]);
    report["data"]["archives"].as_array().unwrap().last().unwrap().clone()
}

fn wpp_db(home: &TestHome) -> Connection {
    stores::open(&home.session("main").join("wpp.db"))
}

fn session_db(home: &TestHome) -> Connection {
    stores::open(&home.session("main").join("session.db"))
}

#[test]
fn another_simulator_adopts_a_store_that_it_never_linked() {
    let first = used();
    let second = Simulated::new();
    std::fs::create_dir_all(second.home.session("main")).unwrap();
    for name in ["session.db", "wpp.db"] {
        std::fs::copy(first.home.session("main").join(name), second.home.session("main").join(name)).unwrap();
    }
    // To a server that does not know it, it is a new device.
    let (_, report) = second.home.json(&["start"]);
    assert_eq!(report["data"]["state"], "AUTH_REQUIRED", "{report}");
    assert_eq!(second.home.run(&["stop"]).code, 0);
    for name in ["session.db", "wpp.db"] {
        std::fs::copy(first.home.session("main").join(name), second.home.session("main").join(name)).unwrap();
    }
    let adopt = || second.ask(Request::Adopt { session_db: second.home.session("main").join("session.db") });
    assert_eq!(adopt(), json!({ "paired": true, "device": 1 }));
    assert_eq!(adopt(), json!({ "paired": true, "device": 1 }), "once more changes nothing");
    let (code, report) = second.home.json(&["start"]);
    assert_eq!((code, &report["data"]["state"]), (0, &json!("READY")), "{report}");
    // And it is a companion like any other: it sends, and receives from strangers.
    let sent = second.home.run(&["send", crate::simulated::PEER, "out", "--wait", "10"]);
    assert_eq!(sent.code, 0, "{sent:?}");
    second.ask(Request::PeerSend { from: "15550100077".into(), text: "chamomile".into(), count: 1, group: None });
    second.until("the stranger's message", || if second.found("chamomile") == 1 { Ok(()) } else { Err("not there".into()) });
}

#[test]
fn a_good_archive_comes_back_to_ready_and_nothing_is_left() {
    let simulated = used();
    let home = &simulated.home;
    let archive = back_up(home);
    let before = stores::everything(&home.session("main"));
    let (code, report) = prove(home);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["data"]["level"], "restore");
    assert_eq!(report["data"]["paired"], true);
    let steps = steps(&report);
    assert!(steps.len() >= 10 && steps.iter().all(|(_, verdict, _)| verdict == "pass"), "{steps:?}");
    assert!(steps.iter().any(|(_, _, observed)| observed.starts_with("READY")), "{steps:?}");
    // No message's words are in the report.
    assert!(!report.to_string().contains("bergamot"), "{report}");
    assert!(stores::everything(&home.session("main")) == before, "the session itself was touched");
    assert_eq!(left(home), Vec::<String>::new());
    let entry = listed(home);
    assert_eq!((&entry["verified_level"], &entry["failed_level"]), (&json!("restore"), &Value::Null), "{entry}");
    assert!(home.run(&["backup", "list"]).stdout.contains("restore, 20"));
    // A lower level afterwards takes nothing away.
    assert_eq!(home.run(&["backup", "verify", archive.to_str().unwrap(), "--level", "hash"]).code, 0);
    assert_eq!(listed(home)["verified_level"], "restore");
    // Beside a running daemon it works as well, and leaves it alone.
    assert_eq!(home.run(&["start"]).code, 0);
    let daemon = simulated.daemon();
    assert_eq!(prove(home).0, 0);
    assert_eq!((simulated.daemon(), simulated.state().0.as_str()), (daemon, "READY"));
}

/// A live home with this session in it, its daemon stopped, its store as the real server leaves it.
fn as_if_live(simulated: &Simulated) -> TestHome {
    let live = TestHome::live();
    Home::create(live.path(), HomeKind::Live).unwrap();
    std::fs::create_dir_all(live.session("main")).unwrap();
    for name in ["session.db", "wpp.db"] {
        std::fs::copy(simulated.home.session("main").join(name), live.session("main").join(name)).unwrap();
    }
    session_db(&live)
        .execute_batch(
            "UPDATE device SET pn = '4915112345678:23@s.whatsapp.net', lid = '271828182845904:23@lid', lid_migrated = 1,
                 edge_routing_info = x'0812345678', push_name = 'Ada', server_cert_chain = NULL",
        )
        .unwrap();
    live
}

#[test]
fn an_archive_of_a_live_home_is_proven_and_its_sandbox_cannot_meet_the_live_service() {
    let live = as_if_live(&used());
    back_up(&live);
    let (code, report) = live.json(&["backup", "verify", "latest", "--level", "restore", "--keep"]);
    assert_eq!(code, 0, "{report:#}");
    assert!(steps(&report).iter().any(|(_, _, observed)| observed.contains("device 23")), "{report:#}");
    let kept = PathBuf::from(report["data"]["sandbox"].as_str().unwrap());
    assert!(kept.starts_with(live.path().join("backups")));
    assert_eq!(wpp::disk::mode_and_owner(&kept).unwrap().unwrap().0, 0o700);
    assert_eq!(Home::open(&kept).unwrap().kind(), HomeKind::Sandbox);
    // The live store still has no key of the simulator, and the copy has.
    let chain = |path: &Path| -> Option<Vec<u8>> {
        stores::open(path).query_row("SELECT server_cert_chain FROM device", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(chain(&live.session("main").join("session.db")), None);
    assert!(chain(&kept.join("sessions/main/session.db")).is_some());
    // Looked at as the report says. Started without its simulator, it reaches nobody.
    let kept_home = kept.to_str().unwrap();
    let looked = live.run(&["--home", kept_home, "messages", "--limit", "50"]);
    assert!(looked.code == 0 && looked.stdout.contains("bergamot"), "{looked:?}");
    let command = report["next"][0].as_str().unwrap();
    assert!(command.contains(kept_home) && command.contains("messages"), "{report:#}");
    let settings = "[daemon]\nstart_timeout_ms = 1500\n";
    std::fs::write(kept.join("config.toml"), settings).unwrap();
    let outcome = live.run(&["--home", kept_home, "start"]);
    assert_ne!(outcome.code, 0, "{outcome:?}");
    let (_, status) = live.json(&["--home", kept_home, "status"]);
    assert!(status.to_string().contains("no simulator runs"), "{status}");
    assert_eq!(live.run(&["--home", kept_home, "stop"]).code, 0);
    // Nor when it loses its mark.
    std::fs::remove_file(kept.join("home.json")).unwrap();
    assert_eq!(live.run(&["--home", kept_home, "start"]).code, 15);
}

#[test]
fn an_archive_of_a_session_without_a_phone_comes_back_asking_for_one() {
    let simulated = Simulated::new();
    assert_eq!(simulated.home.json(&["start"]).1["data"]["state"], "AUTH_REQUIRED");
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    back_up(&simulated.home);
    let (code, report) = prove(&simulated.home);
    assert_eq!((code, &report["data"]["paired"]), (0, &json!(false)), "{report:#}");
    assert!(steps(&report).iter().any(|(_, _, observed)| observed.starts_with("AUTH_REQUIRED")), "{report:#}");
    assert!(simulated.home.run(&["backup", "verify", "latest", "--level", "restore"]).stdout.contains("No phone was linked"));
}
