//! `wpp backup verify --level restore`: an archive really comes back, or it is said what it lacks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use wpp::archive::open;
use wpp::archive::verify::Level;
use wpp::disk::{Lock, LockState};
use wpp::home::{Home, HomeKind};
use wpp::report::Silent;
use wpp::verify::{Request as ProofRequest, prove as prove_with};
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
    names.filter(|name| ![".wpp.tar.", ".wpp-incr.tar."].iter().any(|part| name.contains(part))).collect()
}

fn listed(home: &TestHome) -> Value {
    let (_, report) = home.json(&["backup", "list"]);
    report["data"]["archives"].as_array().unwrap().last().unwrap().clone()
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

/// A damage that an honest backup takes along and that reading the archive does not show.
struct Damage {
    what: &'static str,
    /// What is done to the stopped session's folder before the backup.
    does: fn(&Path),
    /// The step that sees it.
    step: &'static str,
    /// Part of what it says.
    says: &'static str,
}

fn edit(path: &Path, sql: &str) {
    let connection = stores::open(path);
    connection.pragma_update(None, "writable_schema", true).unwrap();
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Changes a key of the device row, keeping its size.
fn damage_key(folder: &Path, column: &str, change: impl Fn(&mut Vec<u8>)) {
    let connection = stores::open(&folder.join("session.db"));
    let mut bytes: Vec<u8> = connection.query_row(&format!("SELECT {column} FROM device"), [], |row| row.get(0)).unwrap();
    change(&mut bytes);
    connection.execute(&format!("UPDATE device SET {column} = ?1"), [bytes]).unwrap();
}

const DAMAGES: &[Damage] = &[
    Damage {
        what: "a message that the full-text index does not hold",
        does: |folder| {
            edit(
                &folder.join("wpp.db"),
                "INSERT INTO messages_fts (messages_fts, rowid, text) SELECT 'delete', number, text FROM messages WHERE number = 3",
            );
        },
        step: "compare the full-text index",
        says: "it holds",
    },
    Damage {
        what: "a full-text index over other words",
        does: |folder| {
            edit(
                &folder.join("wpp.db"),
                "CREATE TABLE kept AS SELECT sql FROM sqlite_schema WHERE name = 'messages_fts_update';
                 DROP TRIGGER messages_fts_update; UPDATE messages SET text = 'something else' WHERE number = 3;",
            );
            let connection = stores::open(&folder.join("wpp.db"));
            let sql: String = connection.query_row("SELECT sql FROM kept", [], |row| row.get(0)).unwrap();
            connection.execute_batch(&format!("{sql}; DROP TABLE kept;")).unwrap();
        },
        step: "compare the full-text index",
        says: "not the words of the messages",
    },
    Damage {
        what: "an index entry of another time than its row",
        does: |folder| {
            // While the index is said to be over no row at all, a row is changed past it.
            let path = folder.join("wpp.db");
            let of = "name = 'messages_by_time'";
            edit(&path, &format!("UPDATE sqlite_schema SET sql = sql || ' WHERE 0' WHERE {of}; PRAGMA schema_version = 9001;"));
            edit(&path, "UPDATE messages SET sent_ms = sent_ms - 5 WHERE number = 3");
            edit(
                &path,
                &format!("UPDATE sqlite_schema SET sql = replace(sql, ' WHERE 0', '') WHERE {of}; PRAGMA schema_version = 9002;"),
            );
        },
        step: "check wpp.db from end to end",
        says: "messages_by_time",
    },
    Damage {
        what: "a wpp.db of a version that is not known",
        does: |folder| edit(&folder.join("wpp.db"), "PRAGMA user_version = 99"),
        step: "open the messages",
        says: "newer wpp",
    },
    Damage {
        what: "one bit of the private identity key",
        does: |folder| damage_key(folder, "identity_key", |bytes| bytes[7] ^= 1),
        step: "prove the device",
        says: "the halves of its identity key",
    },
    Damage {
        what: "one bit of the connection's key",
        does: |folder| damage_key(folder, "noise_key", |bytes| bytes[40] ^= 1),
        step: "prove the device",
        says: "the halves of its connection key",
    },
    Damage {
        what: "a whole identity key that the account never admitted",
        does: |folder| {
            let connection = stores::open(&folder.join("session.db"));
            connection.execute("UPDATE device SET identity_key = noise_key", []).unwrap();
        },
        step: "prove the device",
        says: "not the one that the account admitted",
    },
    Damage {
        what: "a signed prekey that the identity never signed",
        does: |folder| damage_key(folder, "signed_pre_key_signature", |bytes| bytes[5] ^= 1),
        step: "prove the device",
        says: "not signed by its identity key",
    },
    Damage {
        what: "a key that is cut short",
        does: |folder| damage_key(folder, "identity_key", |bytes| bytes.truncate(40)),
        step: "prove the device",
        says: "cannot load the device",
    },
    Damage {
        what: "a table of the keys that is gone",
        does: |folder| edit(&folder.join("session.db"), "ALTER TABLE signed_prekeys RENAME TO lost"),
        step: "compare with new stores",
        says: "session.db lacks table signed_prekeys",
    },
];

#[test]
fn what_reading_cannot_see_is_found_by_restoring() {
    let template = used();
    for Damage { what, does, step, says } in DAMAGES {
        let home = TestHome::sandbox();
        std::fs::create_dir_all(home.session("main")).unwrap();
        for name in ["session.db", "wpp.db"] {
            std::fs::copy(template.home.session("main").join(name), home.session("main").join(name)).unwrap();
        }
        does(&home.session("main"));
        back_up(&home);
        for level in ["hash", "quick"] {
            let outcome = home.run(&["backup", "verify", "latest", "--level", level]);
            assert_eq!(outcome.code, 0, "{what} at level {level}: {outcome:?}");
        }
        let (code, report) = prove(&home);
        assert_eq!((code, &report["verdict"]), (4, &json!("fail")), "{what}: {report:#}");
        let failed: Vec<_> = steps(&report).into_iter().filter(|(_, verdict, _)| verdict == "fail").collect();
        assert!(failed[0].0 == *step && failed[0].2.contains(says), "{what}: {failed:?}");
        assert_eq!((&report["data"]["level"], &report["data"]["failed_level"]), (&Value::Null, &json!("restore")), "{what}");
        assert_eq!(left(&home), Vec::<String>::new(), "{what}");
        // It is verified as far as it was, and never further.
        let entry = listed(&home);
        assert_eq!((&entry["verified_level"], &entry["failed_level"]), (&json!("quick"), &json!("restore")), "{what}: {entry}");
        let shown = home.run(&["backup", "list"]).stdout;
        assert!(shown.contains("FAILED at level restore, 20") && shown.contains("; quick, 20"), "{what}: {shown}");
    }
}

#[test]
fn rows_that_the_manifest_does_not_state_are_found() {
    let simulated = used();
    let archive = back_up(&simulated.home);
    let name = archive.display().to_string();
    let program = PathBuf::from(crate::harness::program());
    let folder = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    // (what the manifest says otherwise, what is said)
    type Lie = fn(&mut wpp::archive::manifest::Manifest);
    let lies: [(Lie, &str); 4] = [
        (|_| (), ""),
        (
            |manifest| manifest.members[1].database.as_mut().unwrap().tables.get_mut("messages").unwrap().count += 1,
            "messages in wpp.db",
        ),
        (|manifest| assert!(manifest.members[1].database.as_mut().unwrap().tables.remove("chats").is_some()), "chats in wpp.db"),
        (|manifest| manifest.signal.as_mut().unwrap().next_prekey_id += 1, "counters of the Signal store"),
    ];
    for (lie, said) in lies {
        let proof = prove_with(ProofRequest {
            name: &name,
            content_bytes: 1 << 20,
            unpack: &mut |into, _| {
                let mut opened = open::read(&mut stores::input(&archive)?, Some(into), &Silent)?;
                lie(&mut opened.manifest);
                Ok(opened)
            },
            folders: &[folder.path().to_owned()],
            program: &program,
            ready_timeout: Duration::from_secs(15),
            keep: false,
            sink: &Silent,
        })
        .unwrap();
        match (said, proof.failure) {
            ("", failure) => assert!(failure.is_none(), "{failure:?}"),
            (said, Some(failure)) => assert!(failure.level == Level::Restore && failure.why.contains(said), "{failure:?}"),
            (said, None) => panic!("nobody missed {said}"),
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// A program that answers to every argument with `script`, in which `$WPP` is wpp itself.
fn program_of(folder: &Path, name: &str, script: &str) -> PathBuf {
    let path = folder.join(name);
    crate::harness::write_program(&path, &format!("#!/bin/sh\nWPP={}\n{script}\n", crate::harness::program()));
    path
}

#[test]
fn trouble_of_the_machine_is_not_held_against_the_archive() {
    let simulated = used();
    let archive = back_up(&simulated.home);
    let name = archive.display().to_string();
    let folder = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    let programs = tempfile::tempdir().unwrap();
    let prove = |number: usize, program: &Path| {
        let sandboxes = folder.path().join(number.to_string());
        let proof = prove_with(ProofRequest {
            name: &name,
            content_bytes: 1 << 20,
            unpack: &mut |into, _| open::read(&mut stores::input(&archive)?, Some(into), &Silent),
            folders: std::slice::from_ref(&sandboxes),
            program,
            ready_timeout: Duration::from_secs(if program.ends_with("hangs") { 1 } else { 15 }),
            keep: false,
            sink: &Silent,
        });
        assert_eq!(std::fs::read_dir(sandboxes).unwrap().count(), 0, "{}", program.display());
        proof
    };
    let troubles = [
        ("missing", "", "cannot start"),
        ("hangs", "exec sleep 60", "did not come up in time"),
        ("dies", "exit 9", "a new session does not come up here either"),
        ("ends-badly", r#""$WPP" "$@"; exit 3"#, "ended with"),
        ("drains-slowly", r#""$WPP" "$@"; exec sleep 60"#, "did not end within"),
    ];
    std::thread::scope(|scope| {
        for (number, (what, script, says)) in troubles.iter().enumerate() {
            let path = program_of(programs.path(), what, script);
            if *what == "missing" {
                std::fs::remove_file(&path).unwrap();
            }
            let prove = &prove;
            scope.spawn(move || {
                let error = prove(number, &path).map(|proof| format!("{what}: {:?}", proof.failure)).unwrap_err();
                assert_eq!(error.kind(), wpp::error::ErrorKind::Unknown, "{what}: {}", error.chain());
                assert!(error.chain().contains(says), "{what}: {}", error.chain());
            });
        }
    });
    // Where a new session comes up and this one does not, it is the archive.
    let program = program_of(programs.path(), "refuses", r#"case "$*" in *"--session main"*) exit 9;; esac; exec "$WPP" "$@""#);
    let failure = prove(9, &program).unwrap().failure.unwrap();
    assert!(failure.level == Level::Restore && failure.why.contains("start the daemon on it"), "{failure:?}");
}

#[test]
fn what_reading_sees_exits_12_at_every_level_and_takes_the_levels_back() {
    let home = TestHome::sandbox();
    let template = used();
    std::fs::create_dir_all(home.session("main")).unwrap();
    for name in ["session.db", "wpp.db"] {
        std::fs::copy(template.home.session("main").join(name), home.session("main").join(name)).unwrap();
    }
    let archive = back_up(&home);
    assert_eq!(prove(&home).0, 0);
    // A bit rots in the middle; neither size nor time of the file tells of it.
    let modified = std::fs::metadata(&archive).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(&archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&archive, bytes).unwrap();
    std::fs::File::options().write(true).open(&archive).unwrap().set_modified(modified).unwrap();
    assert_eq!(listed(&home)["verified_level"], "restore", "nothing was noticed yet");
    let outcome = home.run(&["backup", "verify", "latest", "--level", "restore"]);
    assert_eq!(outcome.code, 12, "{outcome:?}");
    let entry = listed(&home);
    assert_eq!((&entry["verified_level"], &entry["failed_level"]), (&Value::Null, &json!("hash")), "{entry}");
    assert_eq!(left(&home), Vec::<String>::new());
    // A database that was damaged already when it was archived.
    let path = home.session("main").join("wpp.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8192..12_000].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(home.run(&["backup"]).code, 4);
    let (code, report) = prove(&home);
    assert_eq!((code, &report["data"]["failed_level"]), (12, &json!("quick")), "{report:#}");
    assert!(steps(&report).iter().any(|(_, verdict, _)| verdict == "skipped"), "{report:#}");
    // What --keep means at a level that makes nothing.
    assert_eq!(home.run(&["backup", "verify", "latest", "--keep"]).code, 2);
}

#[test]
fn an_interrupt_ends_a_proof_whose_daemon_takes_its_time() {
    let simulated = used();
    let home = &simulated.home;
    back_up(home);
    // A copy of wpp, in whose place something slow is put before the proof comes to start a daemon.
    let programs = tempfile::tempdir().unwrap();
    let program = programs.path().join("wpp");
    crate::harness::place_program(&program);
    let started = programs.path().join("started");
    let slow = program_of(programs.path(), "slow", &format!("touch '{}'; exec sleep 60", started.display()));
    let plain = home.command(&["backup", "verify", "latest", "--level", "restore", "--quiet"]);
    let mut command = std::process::Command::new(&program);
    command.args(plain.get_args()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command.spawn().unwrap();
    simulated.until("the sandbox", || if sandbox_of(home).is_some() { Ok(()) } else { Err(format!("{:?}", child.try_wait())) });
    std::fs::rename(&slow, &program).unwrap();
    simulated.until("the slow daemon", || if started.exists() { Ok(()) } else { Err(format!("{:?}", child.try_wait())) });
    let begun = std::time::Instant::now();
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(left(home), Vec::<String>::new());
    assert_eq!(listed(home)["failed_level"], Value::Null);
}

#[test]
fn an_archive_is_unpacked_until_its_reader_is_told_to_stop() {
    /// Bytes that set the flag once some were read.
    struct Fuse(std::fs::File, usize, Arc<AtomicBool>);
    impl std::io::Read for Fuse {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.1 = self.1.saturating_sub(1);
            self.2.fetch_or(self.1 == 0, Ordering::Relaxed);
            let part = buffer.len().min(4096);
            self.0.read(&mut buffer[..part])
        }
    }
    impl std::io::Seek for Fuse {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }
    let home = stores::home("archived");
    let archive = back_up(&home);
    let size_bytes = std::fs::metadata(&archive).unwrap().len();
    let mut stopped = 0;
    for reads in 1..200 {
        let flag = Arc::new(AtomicBool::new(false));
        let into = tempfile::tempdir().unwrap();
        let bytes = Fuse(std::fs::File::open(&archive).unwrap(), reads, flag.clone());
        let mut input = wpp::archive::input::Input::new("archive".into(), size_bytes, Box::new(bytes));
        input.stop_at(flag.clone());
        match open::read(&mut input, Some(into.path()), &Silent) {
            // Never a refusal: what is cut short is not bad.
            Err(error) => assert_eq!(error.kind(), wpp::error::ErrorKind::Interrupted, "after {reads} reads: {}", error.chain()),
            Ok(_) => break,
        }
        stopped += 1;
    }
    assert!(stopped > 3, "{stopped}");
}

/// The sandbox of a proof that is going on.
fn sandbox_of(home: &TestHome) -> Option<PathBuf> {
    let names = std::fs::read_dir(home.path().join("backups")).unwrap();
    let names = names.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    names.into_iter().find(|path| path.to_str().unwrap().contains(".wpp-scratch-"))
}

#[test]
fn a_proof_that_is_killed_takes_its_daemon_with_it_and_an_interrupted_one_cleans_up() {
    let simulated = used();
    let home = &simulated.home;
    back_up(home);
    let begin = || {
        let mut command = home.command(&["backup", "verify", "latest", "--level", "restore", "--quiet"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let signal = |child: &std::process::Child, signal| {
        let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    };

    let mut child = begin();
    let mut lock = PathBuf::new();
    simulated.until("the daemon in the sandbox", || {
        let Some(sandbox) = sandbox_of(home) else { return Err("no sandbox".into()) };
        lock = sandbox.join("sessions/main/LOCK");
        match Lock::look(&lock) {
            Ok(LockState::Held(Some(owner))) if owner.role == "daemon" => Ok(()),
            other => Err(format!("{other:?}, {:?}", child.try_wait())),
        }
    });
    signal(&child, rustix::process::Signal::KILL);
    child.wait().unwrap();
    simulated.until("the end of the daemon", || match Lock::look(&lock).unwrap() {
        LockState::Held(owner) => Err(format!("{owner:?}")),
        LockState::Absent | LockState::Stale(_) => Ok(()),
    });
    assert!(!left(home).is_empty(), "it was killed too late to prove anything");
    back_up(home);
    assert_eq!(left(home), Vec::<String>::new(), "what was left is swept");

    for number in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let mut child = begin();
        simulated.until("the simulator of the sandbox", || {
            let up = sandbox_of(home).is_some_and(|sandbox| sandbox.join("sessions/main/wpp.db").exists());
            if up { Ok(()) } else { Err(format!("{:?}", child.try_wait())) }
        });
        signal(&child, number);
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(130));
        assert_eq!(left(home), Vec::<String>::new());
    }
    // None of this says anything about the archive.
    let entry = listed(home);
    assert_eq!((&entry["verified_level"], &entry["failed_level"]), (&json!("quick"), &Value::Null), "{entry}");
}

#[test]
fn the_doctor_asks_for_backups_and_for_proofs_until_it_has_them() {
    let simulated = used();
    let home = &simulated.home;
    wpp::disk::set_mode(home.path(), 0o700).unwrap();
    wpp::disk::set_mode(&home.path().join("config.toml"), 0o600).unwrap();
    let found = || -> Vec<String> {
        let (_, report) = home.json(&["doctor"]);
        let findings = report["findings"].as_array().unwrap().clone();
        let bad = findings.iter().filter(|finding| !["ok", "info"].contains(&finding["severity"].as_str().unwrap()));
        bad.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(), [""; 0], "a new session is left in peace");
    let journal = Connection::open(home.path().join("ops.db")).unwrap();
    journal.execute("UPDATE entry SET at_ms = at_ms - 100 * 86400000", []).unwrap();
    drop(journal);
    assert_eq!(found(), ["wpp.backup.stale"]);
    let archive = back_up(home);
    assert_eq!(found(), ["wpp.backup.restore-unproven"]);
    assert_eq!(prove(home).0, 0);
    assert_eq!(found(), [""; 0]);
    // The one archive rots, and is then thrown away.
    let mut bytes = std::fs::read(&archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&archive, bytes).unwrap();
    assert_eq!(home.run(&["backup", "verify", "latest", "--level", "restore"]).code, 12);
    // Bytes that changed are no backup any more.
    assert_eq!(found(), ["wpp.backup.stale", "wpp.backup.last-failed"]);
    std::fs::remove_file(&archive).unwrap();
    assert_eq!(found(), ["wpp.backup.stale", "wpp.backup.last-failed"]);
    back_up(home);
    assert_eq!(found(), [""; 0]);
    // Thresholds are the operator's.
    let (_, report) = home.json(&["doctor", "--only", "wpp.backup"]);
    assert_eq!(report["findings"].as_array().unwrap().len(), 5, "{report:#}");
    let mut command = home.command(&["doctor", "--only", "wpp.backup.stale", "--format", "json"]);
    let output = command.env("WPP_DOCTOR_BACKUP_AGE_HOURS_MAX", "0").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("turn this check off"), "{output:?}");
}

#[test]
fn an_increment_and_an_encrypted_archive_are_proven_as_what_they_stand_for() {
    let simulated = used();
    let home = &simulated.home;
    let base = back_up(home);
    assert_eq!(home.run(&["start"]).code, 0);
    simulated.peer_sends("chamomile", 3);
    simulated.until("the messages", || if simulated.found("chamomile") == 3 { Ok(()) } else { Err("not all".into()) });
    assert_eq!(home.run(&["stop"]).code, 0);
    let (code, report) = home.json(&["backup", "--incremental"]);
    assert!(code == 0 && report["data"]["path"].as_str().unwrap().contains(".wpp-incr."), "{report}");
    let increment = report["data"]["path"].as_str().unwrap().to_owned();
    let verify = ["backup", "verify", &increment, "--level", "restore"];
    let (code, report) = home.json(&verify);
    assert_eq!((code, &report["data"]["level"]), (0, &json!("restore")), "{report:#}");
    // All nine messages are in it, six of which lie in the archive that it builds on.
    assert!(steps(&report).iter().any(|(_, _, observed)| observed.starts_with("9 messages")), "{report:#}");
    // Without that one it does not come back.
    let aside = base.with_extension("away");
    std::fs::rename(&base, &aside).unwrap();
    let outcome = home.run(&verify);
    assert_eq!(outcome.code, 12, "{outcome:?}");
    std::fs::rename(&aside, &base).unwrap();
    assert_eq!(home.run(&verify).code, 0);

    let sealed = |arguments: &[&str]| {
        let output = home.command(arguments).env("WPP_BACKUP_PASSPHRASE", "hush hush").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = sealed(&["backup", "--format", "json"]);
    let report: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let archive = report["data"]["path"].as_str().unwrap().to_owned();
    assert!(code == Some(0) && archive.ends_with(".age"), "{said}");
    let (code, said) = sealed(&["backup", "verify", &archive, "--level", "restore"]);
    assert!(code == Some(0) && said.contains("verified at level restore"), "{said}");
    // Who lacks the key cannot check, which is no verdict on the archive.
    assert_eq!(home.run(&["backup", "verify", &archive, "--level", "restore"]).code, 15);
    assert_eq!(listed(home)["failed_level"], Value::Null);
    assert_eq!(left(home), [""; 0]);
}
