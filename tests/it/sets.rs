//! `wpp backup --channel`: the state of a gateway as one set, and its way back.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::doctor_home::{breaks, only};
use crate::harness::{Outcome, TestHome};
use crate::postgres::{Cluster, PASSWORD, there};

/// A secret that lies in the gateway's files; must be nowhere in what wpp says.
const API_KEY: &str = "hush-api-key-planted";

/// The folder of an OpenWA server.
struct Gateway {
    home: TestHome,
    folder: tempfile::TempDir,
    sets: tempfile::TempDir,
}

impl Gateway {
    fn new(home: TestHome) -> Gateway {
        let make = || tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
        let gateway = Gateway { home, folder: make(), sets: make() };
        let data = gateway.folder.path().join("data");
        std::fs::create_dir_all(data.join("baileys/main")).unwrap();
        std::fs::write(data.join("baileys/main/creds.json"), "{\"noiseKey\":{}}").unwrap();
        std::fs::write(data.join("baileys/main/session-1.0.json"), "{\"a\":1}").unwrap();
        std::fs::write(gateway.folder.path().join(".env"), format!("API_KEY={API_KEY}\n")).unwrap();
        for name in ["main.sqlite", "audit.sqlite"] {
            let database = rusqlite::Connection::open(data.join(name)).unwrap();
            database.pragma_update(None, "journal_mode", "WAL").unwrap();
            database.execute_batch("CREATE TABLE entry (one INT, two INT); INSERT INTO entry VALUES (0, 0)").unwrap();
        }
        gateway.configure(&format!("[dump.openwa]\nroot = {:?}\n", gateway.folder.path()));
        gateway
    }

    fn configure(&self, text: &str) {
        std::fs::write(self.home.path().join("config.toml"), text).unwrap();
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    fn sets(&self) -> Vec<PathBuf> {
        let mut all: Vec<_> = std::fs::read_dir(self.sets.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }

    /// Takes a set of `channel`.
    fn back_up(&self, channel: &str, more: &[&str]) -> (i32, Value) {
        let mut all = vec!["backup", "--channel", channel, "--to", text(self.sets.path())];
        all.extend(more);
        let (code, report) = self.home.json(&all);
        let said = report.to_string();
        assert!(!said.contains(API_KEY) && !said.contains(PASSWORD), "{said}");
        (code, report)
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.home.run(arguments);
        assert!(!outcome.stdout.contains("hush") && !outcome.stderr.contains("hush"), "{outcome:?}");
        outcome
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_state_of_a_gateway_is_one_set_that_lays_itself_out_again() {
    let gateway = Gateway::new(TestHome::live());
    // A writer that never rests: both columns are always the same in every transaction.
    let stop = Arc::new(AtomicBool::new(false));
    let (path, ended) = (gateway.data("main.sqlite"), stop.clone());
    let writer = std::thread::spawn(move || {
        let database = rusqlite::Connection::open(path).unwrap();
        let mut number = 0;
        while !ended.load(Ordering::Relaxed) {
            number += 1;
            database.execute("INSERT INTO entry VALUES (?1, ?1)", [number]).unwrap();
            database.execute("UPDATE entry SET one = two, two = one", []).unwrap();
        }
    });
    let (code, report) = gateway.back_up("openwa", &[]);
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    assert_eq!(code, 0, "{report}");
    assert_eq!((report["data"]["complete"].as_bool(), report["data"]["level"].as_str()), (Some(true), Some("hash")));
    let set = gateway.sets();
    assert_eq!(set.len(), 1, "{set:?}");
    assert_eq!(std::fs::metadata(&set[0]).unwrap().permissions().mode() & 0o7777, 0o600);
    let listed = Command::new("tar").arg("-tzf").arg(&set[0]).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for member in ["manifest.json", "data-baileys/main/creds.json", "main.sqlite", "audit.sqlite", "env/.env"] {
        assert!(listed.contains(member), "{member}: {listed}");
    }
    let parts = report["data"]["manifest"]["parts"].as_array().unwrap();
    assert!(parts.iter().any(|part| part["name"] == "env" && part["secret"] == true), "{parts:?}");
    for level in ["hash", "quick"] {
        let verified = gateway.run(&["backup", "verify", text(&set[0]), "--level", level]);
        assert!(verified.code == 0 && verified.stdout.contains(&format!("verified at level {level}")), "{verified:?}");
    }
    let back = gateway.sets.path().join("back");
    let outcome = gateway.run(&["restore", "--set", text(&set[0]), "--into", text(&back)]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let creds = std::fs::read_to_string(back.join("data-baileys/main/creds.json")).unwrap();
    assert_eq!(creds, "{\"noiseKey\":{}}");
    for folder in [&back, &back.join("data-baileys/main")] {
        assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o7777, 0o700);
    }
    let database = parts.iter().find(|part| part["kind"] == "sqlite").unwrap()["name"].as_str().unwrap();
    let restored = rusqlite::Connection::open(back.join(database).join("main.sqlite")).unwrap();
    let torn: i64 = restored.query_row("SELECT count(*) FROM entry WHERE one <> two", [], |row| row.get(0)).unwrap();
    let sound: String = restored.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    assert_eq!((torn, sound.as_str()), (0, "ok"));
    // Never over what is there.
    let again = gateway.run(&["restore", "--set", text(&set[0]), "--into", text(&back)]);
    assert!(again.code == 2 && again.stderr.contains("already"), "{again:?}");
    // Any byte that is another is found, and nothing of it is laid out.
    let mut bytes = std::fs::read(&set[0]).unwrap();
    for at in [bytes.len() / 2, bytes.len() - 5] {
        bytes[at] ^= 4;
        let bad = gateway.sets.path().join("bad.wppset.tar.gz");
        std::fs::write(&bad, &bytes).unwrap();
        let verified = gateway.run(&["backup", "verify", text(&bad), "--level", "hash"]);
        assert_eq!(verified.code, 12, "{at}: {verified:?}");
        let other = gateway.sets.path().join("other");
        let outcome = gateway.run(&["restore", "--set", text(&bad), "--into", text(&other)]);
        assert!(outcome.code == 12 && !other.exists(), "{outcome:?}");
        bytes[at] ^= 4;
    }
}

#[test]
fn a_set_without_the_whole_auth_state_is_refused_with_what_it_lacks() {
    let gateway = Gateway::new(TestHome::live());
    let creds = gateway.data("baileys/main/creds.json");
    let refused = |said: &str| {
        let (code, report) = gateway.back_up("openwa", &[]);
        let message = report["message"].as_str().unwrap_or_default();
        assert!(code == 4 && message.contains("incomplete") && message.contains(said), "{said}: {report}");
        assert_eq!(gateway.sets(), [] as [PathBuf; 0], "nothing is left of it");
    };
    std::fs::write(&creds, "{\"noiseKey\":").unwrap();
    refused("no whole JSON");
    std::fs::remove_file(&creds).unwrap();
    refused("creds.json");
    std::fs::remove_dir_all(gateway.data("baileys")).unwrap();
    refused("linked anew");
    std::fs::create_dir_all(gateway.data("sessions")).unwrap();
    refused("linked anew");
    let database = gateway.data("audit.sqlite");
    std::fs::write(gateway.data("sessions/key"), "k").unwrap();
    let mut pages = std::fs::read(&database).unwrap();
    let at = pages.len() - 4096;
    pages[at..].fill(0xaa);
    std::fs::write(&database, pages).unwrap();
    refused("damaged");
    std::fs::remove_file(&database).unwrap();
    std::fs::remove_dir_all(gateway.data("sessions")).unwrap();

    // What there is, when that is asked for, and called what it is wherever it is met.
    let (code, report) = gateway.back_up("openwa", &["--allow-incomplete"]);
    assert!(code == 4 && report["title"].as_str().unwrap().contains("INCOMPLETE"), "{report}");
    assert_eq!(report["data"]["manifest"]["missing"][0]["role"], "auth");
    let set = gateway.sets().remove(0);
    let verified = gateway.run(&["backup", "verify", text(&set)]);
    assert!(verified.code == 0 && verified.stdout.contains("INCOMPLETE"), "{verified:?}");

    // The dump that brings back a device without its ratchets.
    gateway.configure("[dump.evolution]\nparts = [{ kind = 'postgres', role = 'app', url = 'postgres://e@127.0.0.1/e' }]\n");
    let (code, report) = gateway.back_up("evolution", &[]);
    assert!(code == 2 && report["message"].as_str().unwrap().contains("ratchets"), "{report}");
    // Nothing at all is known of it; the hint is a table to copy.
    let (code, report) = gateway.back_up("jarvis", &[]);
    assert!(code == 2 && report["hints"][0].as_str().unwrap().contains("[dump.jarvis]"), "{report}");
}

#[test]
fn what_a_gateway_is_says_its_plugin_and_not_its_name() {
    let gateway = Gateway::new(TestHome::live());
    let database = gateway.data("main.sqlite");
    let configure = |name: &str, more: &str, parts: &str| {
        let database = format!("{{ kind = 'sqlite', role = 'app', path = {database:?} }}");
        gateway.configure(&format!("[dump.{name}]\n{more}\nparts = [{database}{parts}]\n"));
    };
    let keys = format!(", {{ kind = 'folder', role = 'auth', path = {:?} }}", gateway.data("baileys"));
    let component = |name: &str| format!("{}/plugins/{name}/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    let add = |file: &str, name: &str| {
        let outcome = gateway.run(&["plugin", "add", file, "--name", name, "--yes"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
    };
    add(&component("openwa"), "sales");
    configure("sales", "", "");
    let (code, report) = gateway.back_up("sales", &[]);
    assert!(code == 2 && report["message"].as_str().unwrap().contains("linked anew"), "{report}");
    assert_eq!(gateway.sets(), [] as [PathBuf; 0]);
    configure("sales", "", &keys);
    let (code, report) = gateway.back_up("sales", &[]);
    assert_eq!((code, &report["data"]["manifest"]["layout"]), (0, &Value::from("openwa")), "{report}");

    // One that wpp knows nothing of, whatever it is called, and with its keys described, too.
    add(&component("webhook"), "openwa");
    for name in ["mine", "openwa"] {
        configure(name, "", &keys);
        let before = gateway.sets().len();
        let (code, report) = gateway.back_up(name, &[]);
        let message = report["message"].as_str().unwrap_or_default();
        assert!(code == 4 && message.contains("not known to be complete"), "{report}");
        assert!(report["hints"][0].as_str().unwrap().contains("needs ="), "{report}");
        assert_eq!(gateway.sets().len(), before);
    }
    let (code, report) = gateway.back_up("openwa", &["--allow-incomplete"]);
    assert!(code == 4 && report["data"]["complete"] == false, "{report}");
    // Its operator knows, and is held to it.
    configure("openwa", "needs = ['auth']", "");
    let (code, report) = gateway.back_up("openwa", &[]);
    assert!(code == 2 && report["message"].as_str().unwrap().contains("needs auth"), "{report}");
    configure("openwa", "needs = ['auth']", &keys);
    let (code, report) = gateway.back_up("openwa", &[]);
    assert!(code == 0 && report["data"]["complete"] == true, "{report}");
    let place = report["data"]["path"].as_str().unwrap();
    assert_eq!(gateway.run(&["backup", "verify", place]).code, 0);
    std::fs::remove_dir_all(gateway.data("baileys")).unwrap();
    assert_eq!(gateway.back_up("openwa", &[]).0, 4);
}

#[test]
fn a_link_that_leads_out_of_the_keys_leaves_the_set_incomplete() {
    use std::os::unix::fs::symlink;
    let gateway = Gateway::new(TestHome::live());
    let (keys, link) = (gateway.folder.path().join("auth2"), gateway.data("baileys/main/keys"));
    std::fs::create_dir(&keys).unwrap();
    std::fs::write(keys.join("session-2.json"), "{\"b\":2}").unwrap();
    let refused = || {
        let (code, report) = gateway.back_up("openwa", &[]);
        let message = report["message"].as_str().unwrap_or_default();
        assert!(code == 4 && message.contains("is a link to") && message.contains("auth2"), "{report}");
    };
    symlink("../../../auth2", &link).unwrap();
    refused();
    std::fs::remove_file(&link).unwrap();
    symlink(keys.join("session-2.json"), gateway.data("baileys/main/session-2.json")).unwrap();
    refused();
    // Described, it is in the set, and the operator is told that the link is not.
    let parts = format!("parts = [{{ kind = 'folder', role = 'auth', path = {keys:?} }}]");
    gateway.configure(&format!("[dump.openwa]\nroot = {:?}\n{parts}\n", gateway.folder.path()));
    let (code, report) = gateway.back_up("openwa", &[]);
    assert!(code == 0 && report["data"]["complete"] == true, "{report}");
    assert!(report["warnings"][0].as_str().unwrap().contains("session-2.json"), "{report}");
    // A link to nothing, as a browser leaves it, holds nothing back.
    std::fs::remove_file(gateway.data("baileys/main/session-2.json")).unwrap();
    symlink("host-4711", gateway.data("baileys/main/SingletonLock")).unwrap();
    assert_eq!(gateway.back_up("openwa", &[]).0, 0);
}

/// A part by hand: its name, kind and role, and its members with what they hold.
type Described<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

#[test]
fn a_set_is_believed_only_when_it_holds_what_it_says() {
    let gateway = Gateway::new(TestHome::live());
    let path = gateway.sets.path().join("hand.wppset.tar.gz");
    // Parts with their members, as name and content.
    let write = |complete: bool, missing: Value, parts: &[Described]| {
        let described = parts.iter().map(|(name, kind, role, members)| {
            let members = members.iter().map(|(name, content)| {
                let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(content.as_bytes()));
                serde_json::json!({ "name": name, "size_bytes": content.len(), "sha256": sha256 })
            });
            let members: Vec<Value> = members.collect();
            serde_json::json!({ "name": name, "kind": kind, "role": role, "source": "x", "secret": false, "members": members, "detail": {} })
        });
        let manifest = serde_json::json!({
            "schema": "wpp.dump-set/1", "format": { "major": 1, "minor": 0 }, "id": "x", "channel": "openwa", "layout": "openwa",
            "created_ms": 1, "created": "", "tool_version": "0.1.0", "complete": complete,
            "parts": described.collect::<Vec<_>>(), "missing": missing,
        })
        .to_string();
        let gzip = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(gzip);
        let members = parts.iter().flat_map(|part| part.3.iter().copied());
        for (name, content) in [("manifest.json", manifest.as_str())].into_iter().chain(members) {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            builder.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
    };
    let verify = |said: &str, code: i32| {
        for arguments in [["backup", "verify", text(&path), "--level=hash"], ["backup", "verify", text(&path), "--level=quick"]] {
            let verified = gateway.run(&arguments);
            assert!(verified.code == code && verified.stderr.contains(said), "{said}: {verified:?}");
        }
    };
    let none = || serde_json::json!([]);
    let auth: Described = ("a", "folder", "auth", &[("a/creds.json", "{}")]);
    let dump = "create table t (x int);\ninsert into t values (1);\n";
    write(true, none(), &[]);
    verify("holds no part", 12);
    write(true, serde_json::json!([{ "name": "auth", "role": "auth", "reason": "gone" }]), &[auth]);
    verify("lacks something", 12);
    write(true, none(), &[auth]);
    verify("holds no app", 12);
    write(false, none(), &[auth]);
    verify("", 0);
    write(false, none(), &[("f", "file", "config", &[("f/x", "hi"), ("f/x", "ho")])]);
    verify("twice", 12);
    write(false, none(), &[("f", "file", "config", &[("g/x", "hi")])]);
    verify("none of f's", 12);
    for members in [&[][..], &[("pg/notes.txt", "n")][..]] {
        write(false, none(), &[("pg", "postgres", "app", members)]);
        verify("part", 12);
        let rehearsed = gateway.run(&["dump", "rehearse", text(&path)]);
        assert!(rehearsed.code == 12 && !rehearsed.stderr.contains("panicked"), "{rehearsed:?}");
    }
    if Cluster::start().is_none() {
        return;
    }
    // The dump is the one that is called so, wherever it stands.
    write(true, none(), &[auth, ("pg", "postgres", "app", &[("pg/notes.txt", "n"), ("pg/database.dump", dump)])]);
    let rehearsed = gateway.run(&["dump", "rehearse", text(&path)]);
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
}

#[test]
fn a_sandbox_reaches_no_second_server_that_an_address_names() {
    let gateway = Gateway::new(TestHome::sandbox());
    let dump = gateway.folder.path().join("x.sql");
    std::fs::write(&dump, "create table t (x int);\ninsert into t values (1);\n").unwrap();
    for (query, said) in [
        ("host=/tmp&host=192.0.2.2&port=5999", "twice"),
        ("host=/tmp,192.0.2.2", "several"),
        ("host=/tmp%2C192.0.2.2", "several"),
        ("host=192.0.2.2", "machine alone"),
    ] {
        let url = format!("postgres://postgres@/d?{query}");
        gateway.configure(&format!(
            "[dump.mine]\nneeds = ['app']\nparts = [{{ kind = 'postgres', role = 'app', url = {url:?} }}]\n"
        ));
        let (code, report) = gateway.back_up("mine", &[]);
        assert!([2, 4].contains(&code) && report["message"].as_str().unwrap().contains(said), "{url}: {report}");
        let loaded = gateway.run(&["dump", "load", text(&dump), "--into", &url, "--yes"]);
        assert_eq!(loaded.code, 15, "{url}: {loaded:?}");
    }
}

#[test]
fn sets_are_listed_and_old_ones_go_by_the_rules_of_archives_but_never_the_newest_complete_one() {
    let gateway = Gateway::new(TestHome::live());
    let to = text(gateway.sets.path()).to_owned();
    for _ in 0..2 {
        assert_eq!(gateway.back_up("openwa", &[]).0, 0);
    }
    std::fs::remove_dir_all(gateway.data("baileys")).unwrap();
    assert_eq!(gateway.back_up("openwa", &["--allow-incomplete"]).0, 4);
    let list = || gateway.home.json(&["backup", "list", &to]);
    let (code, report) = list();
    let listed = report["data"]["sets"].as_array().unwrap().clone();
    let complete: Vec<_> = listed.iter().map(|set| set["complete"].as_bool()).collect();
    assert_eq!((code, complete.as_slice()), (0, &[Some(true), Some(true), Some(false)][..]), "{report}");
    assert!(report["title"].as_str().unwrap().contains("3 sets") && listed[0]["channel"] == "openwa", "{report}");
    let shown = gateway.run(&["backup", "list", &to]);
    assert!(shown.stdout.contains("INCOMPLETE") && shown.stdout.contains("linked anew"), "{shown:?}");
    let prune = |more: &[&str]| {
        let mut all = vec!["backup", "prune", &to, "--channel", "openwa", "--keep-last", "1"];
        all.extend(more);
        gateway.home.json(&all)
    };
    let (code, report) = prune(&["--dry-run"]);
    let kept: Vec<_> = report["data"]["sets"].as_array().unwrap().iter().map(|set| set["keep"].as_bool().unwrap()).collect();
    assert_eq!((code, kept), (0, vec![false, true, true]), "the newest complete one stays, and the newest: {report}");
    // What others may go for has to be read whole.
    let newest = PathBuf::from(listed[1]["path"].as_str().unwrap());
    let whole = std::fs::read(&newest).unwrap();
    let mut damaged = whole.clone();
    // In the checksum of the whole, which stands behind all that a list reads.
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 4;
    std::fs::write(&newest, &damaged).unwrap();
    let (code, report) = prune(&["--yes"]);
    assert!(code == 12 && gateway.sets().len() == 3, "{report}");
    std::fs::write(&newest, &whole).unwrap();
    let (code, report) = prune(&["--yes"]);
    assert_eq!((code, &report["data"]["removed"][0]), (0, &listed[0]["name"]), "{report}");
    assert_eq!(gateway.sets().len(), 2);
    // A gateway that nobody knows has none, and nothing goes without a rule.
    let (code, report) = gateway.home.json(&["backup", "prune", &to, "--channel", "other", "--yes", "--keep-last", "1"]);
    assert_eq!((code, report["data"]["removed"].as_array().map(Vec::len)), (0, Some(0)), "{report}");
    std::fs::write(gateway.sets.path().join("openwa-20200101T000000Z.wppset.tar.gz"), "no set").unwrap();
    let (code, report) = list();
    assert!(code == 4 && report["data"]["sets"][0]["error"].is_string(), "{report}");
}

#[test]
fn the_doctor_tells_of_a_gateway_without_a_recent_complete_set() {
    const ID: &str = "wpp.backup.set-stale";
    let gateway = Gateway::new(TestHome::live());
    assert_eq!(gateway.back_up("openwa", &[]).0, 0);
    // The newest does not count that is gone, nor one that is incomplete.
    breaks(&gateway.home, ID, "warning", || {
        std::fs::remove_file(&gateway.sets()[0]).unwrap();
        std::fs::remove_dir_all(gateway.data("baileys")).unwrap();
        assert_eq!(gateway.back_up("openwa", &["--allow-incomplete"]).0, 4);
    });
    let (_, report) = only(&gateway.home, ID);
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == ID).unwrap();
    let said = finding["summary"].as_str().unwrap_or_default();
    assert!(said.contains("gone") && said.contains("incomplete"), "{report:#}");
}

#[test]
fn a_database_server_and_keys_that_belong_together_come_back_together() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(9);
    let gateway = Gateway::new(TestHome::live());
    let configure = |must_hold: &str| {
        gateway.configure(&format!(
            "[dump.baileys]\nparts = [{{ kind = 'postgres', role = 'app', url = {:?}, secret = 'spec1', must_hold = [{must_hold:?}] }}, \
             {{ kind = 'folder', role = 'auth', path = {:?}, must_hold = ['creds.json'] }}]\n",
            cluster.address("gateway"),
            gateway.data("baileys")
        ));
    };
    configure("users");
    let run = |arguments: &[&str], password: &str| {
        let mut command = gateway.home.command(arguments);
        let outcome = Outcome::of(command.env("WPP_SECRET_SPEC1", password).output().unwrap());
        outcome.assert_helpful();
        assert!(!outcome.stdout.contains("hush") && !outcome.stderr.contains("hush"), "{outcome:?}");
        outcome
    };
    let to = text(gateway.sets.path());
    let take = ["backup", "--channel", "baileys", "--to", to];
    let wrong = run(&take, "no-such-password");
    assert!(wrong.code == 4 && wrong.stderr.contains("incomplete"), "{wrong:?}");
    cluster.sql("gateway", "create table nobody (id int)");
    configure("nobody");
    let empty = run(&take, PASSWORD);
    assert!(empty.code == 4 && empty.stderr.contains("holds none of nobody"), "{empty:?}");
    configure("users");
    assert_eq!(gateway.sets(), [] as [PathBuf; 0]);
    let made = run(&take, PASSWORD);
    assert_eq!(made.code, 0, "{made:?}");
    let set = gateway.sets().remove(0);
    assert!(!String::from_utf8_lossy(&std::fs::read(&set).unwrap()).contains(PASSWORD));
    let verified = run(&["backup", "verify", text(&set)], PASSWORD);
    assert!(verified.code == 0 && verified.stdout.contains("verified at level quick"), "{verified:?}");
    // Its dump in a rehearsal, straight out of the set.
    let smoke = gateway.folder.path().join("smoke.toml");
    std::fs::write(&smoke, "[[query]]\nname = 'users'\nsql = 'select count(*) from users'\nmin = 9\nmax = 9\n").unwrap();
    let rehearsed = run(&["dump", "rehearse", text(&set), "--smoke", text(&smoke), "--discard"], PASSWORD);
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
    // And back into a server that is there: only into an empty database.
    let back = gateway.sets.path().join("back");
    assert_eq!(run(&["restore", "--set", text(&set), "--into", text(&back)], PASSWORD).code, 0);
    let dump = back.join("postgres/database.dump");
    let load = |database: &str| {
        run(&["dump", "load", text(&dump), "--into", &cluster.address(database), "--secret", "spec1", "--yes"], PASSWORD)
    };
    let over = load("gateway");
    assert!(over.code == 15 && over.stderr.contains("not empty"), "{over:?}");
    cluster.sql("postgres", "create database empty");
    let loaded = load("empty");
    assert_eq!(loaded.code, 0, "{loaded:?}");
    assert_eq!(cluster.sql("empty", "select count(*) from users"), "9");
    assert_eq!(cluster.sql("empty", "select has_table_privilege('read-only', 'users', 'select')"), "t", "owners and grants, too");
}

/// A Redis server that ends with the value.
struct Redis {
    child: Child,
    folder: tempfile::TempDir,
}

impl Redis {
    /// `dump` is what it begins with.
    fn start(dump: Option<&Path>, password: &str) -> Redis {
        let folder = tempfile::Builder::new().prefix("wpp-it-r-").tempdir_in("/tmp").unwrap();
        if let Some(dump) = dump {
            std::fs::copy(dump, folder.path().join("dump.rdb")).unwrap();
        }
        let child = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", text(&folder.path().join("s")), "--dir", text(folder.path())])
            .args(["--save", "", "--requirepass", password, "--repl-diskless-sync-delay", "0"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Redis { child, folder };
        let deadline = Instant::now() + Duration::from_secs(60);
        while redis.ask(password, &["ping"]) != "PONG" {
            assert!(Instant::now() < deadline, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        redis
    }

    fn ask(&self, password: &str, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.env("REDISCLI_AUTH", password).arg("-s").arg(self.folder.path().join("s")).args(words);
        String::from_utf8_lossy(&command.output().unwrap().stdout).trim().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn ratchets_in_redis_are_taken_with_the_database_or_not_at_all() {
    let is = ["redis-server", "redis-cli"].iter().all(|name| wpp::process::on_path(name).is_some());
    if !there("redis", is) {
        return;
    }
    let redis = Redis::start(None, PASSWORD);
    let gateway = Gateway::new(TestHome::live());
    gateway.configure(&format!(
        "[dump.mine]\nneeds = ['auth']\nparts = [{{ kind = 'redis', role = 'auth', url = 'redis://localhost?socket={}', secret = 'keys', must_hold = ['evolution:'] }}]\n",
        redis.folder.path().join("s").display()
    ));
    let run = |password: &str| {
        let mut command = gateway.home.command(&["backup", "--channel", "mine", "--to", text(gateway.sets.path())]);
        let outcome = Outcome::of(command.env("WPP_SECRET_KEYS", password).output().unwrap());
        outcome.assert_helpful();
        assert!(!outcome.stdout.contains("hush") && !outcome.stderr.contains("hush"), "{outcome:?}");
        outcome
    };
    for (password, said) in [("wrong", "AUTH"), (PASSWORD, "no key")] {
        let outcome = run(password);
        assert!(outcome.code == 4 && outcome.stderr.contains(said), "{said}: {outcome:?}");
    }
    redis.ask(PASSWORD, &["set", "other:1", "x"]);
    assert!(run(PASSWORD).stderr.contains("holds none of evolution:"));
    redis.ask(PASSWORD, &["set", "evolution:instance:1", "ratchet"]);
    let made = run(PASSWORD);
    assert_eq!(made.code, 0, "{made:?}");
    let set = gateway.sets().remove(0);
    assert_eq!(gateway.run(&["backup", "verify", text(&set)]).code, 0);
    let back = gateway.sets.path().join("back");
    assert_eq!(gateway.run(&["restore", "--set", text(&set), "--into", text(&back)]).code, 0);
    let again = Redis::start(Some(&back.join("redis/dump.rdb")), PASSWORD);
    assert_eq!(again.ask(PASSWORD, &["get", "evolution:instance:1"]), "ratchet");
}

#[test]
fn killed_anywhere_it_leaves_no_half_set_under_a_name_and_the_next_clears_up() {
    let gateway = Gateway::new(TestHome::sandbox());
    let (code, report) = gateway.back_up("openwa", &[]);
    assert_eq!(code, 0, "{report}");
    let metrics = report["metrics"].as_array().unwrap();
    let points = metrics.iter().find(|metric| metric["name"] == "disk_operations").unwrap()["value"].as_f64().unwrap() as u64;
    assert!(points > 30, "{points}");
    for path in gateway.sets() {
        std::fs::remove_file(path).unwrap();
    }
    let to = text(gateway.sets.path()).to_owned();
    for act in ["kill", "fail"] {
        // What the last killed one left.
        assert_eq!(gateway.back_up("openwa", &[]).0, 0);
        gateway.sets().iter().for_each(|path| std::fs::remove_file(path).unwrap());
        for at in (1..=points).step_by(3) {
            let fault = format!("{act}@{at}");
            let mut command = gateway.home.command(&["backup", "--channel", "openwa", "--to", &to]);
            let outcome = Outcome::of(command.env("WPP_DISK_FAULT", &fault).output().unwrap());
            assert!(!outcome.stderr.contains("panicked"), "{fault}: {outcome:?}");
            for path in gateway.sets() {
                let name = path.file_name().unwrap().to_str().unwrap();
                if name.ends_with(".wppset.tar.gz") {
                    let verified = gateway.run(&["backup", "verify", text(&path), "--level", "hash"]);
                    assert_eq!(verified.code, 0, "{fault}: {verified:?}");
                    std::fs::remove_file(&path).unwrap();
                } else {
                    assert!(name.ends_with(".partial") && act == "kill", "{fault} left {name}");
                }
            }
        }
    }
    assert_eq!(gateway.back_up("openwa", &[]).0, 0);
    let left = gateway.sets();
    assert!(left.len() == 1 && text(&left[0]).ends_with(".wppset.tar.gz"), "{left:?}");
    let backups = gateway.home.path().join("backups");
    let scratch = std::fs::read_dir(backups).map(|all| all.count()).unwrap_or(0);
    assert_eq!(scratch, 0, "keys were left in the home");
}

/// What the commands of dumps and sets write as JSON, for the test of the documents; `None` where there is
/// no PostgreSQL.
pub fn documents() -> Option<Vec<String>> {
    let cluster = Cluster::start()?;
    cluster.fill(3);
    cluster.sql("postgres", "create database empty");
    let gateway = Gateway::new(TestHome::live());
    let dump = gateway.folder.path().join("x.dump");
    cluster.dump("custom", &dump, &[]);
    let smoke = gateway.folder.path().join("smoke.toml");
    std::fs::write(&smoke, "[[query]]\nname = 'users'\nsql = 'select count(*) from users'\nmin = 9\n").unwrap();
    let mut all = Vec::new();
    let mut run = |arguments: &[&str]| {
        let mut words = arguments.to_vec();
        words.extend(["--format", "json"]);
        let mut command = gateway.home.command(&words);
        let outcome = Outcome::of(command.env("WPP_SECRET_SPEC1", PASSWORD).output().unwrap());
        let last = outcome.stdout.lines().last().unwrap_or_default().to_owned();
        all.push(outcome.stdout);
        serde_json::from_str::<Value>(&last).unwrap()
    };
    run(&["dump", "check", text(&dump)]);
    run(&["dump", "load", text(&dump), "--into", &cluster.address("empty"), "--secret", "spec1", "--yes"]);
    let kept = run(&["dump", "rehearse", text(&dump), "--smoke", text(&smoke)]);
    run(&["dump", "servers"]);
    run(&["dump", "stop", kept["data"]["standing"]["folder"].as_str().unwrap()]);
    // A dump that was downloaded, and is no dump.
    let server = crate::objects::S3Server::start();
    let keys = server.keys(gateway.folder.path());
    std::fs::create_dir_all(server.bucket().join("spec-1")).unwrap();
    std::fs::write(server.bucket().join("spec-1/daily.dump"), "ok").unwrap();
    let sandbox = TestHome::sandbox();
    let config = format!("[backup.s3]\nendpoint = {:?}\ncredentials_file = {keys:?}\nretry_ms = 3000\n", server.endpoint());
    std::fs::write(sandbox.path().join("config.toml"), config).unwrap();
    let address = format!("s3://{}/spec-1", crate::objects::BUCKET);
    let stub = sandbox.run(&["dump", "rehearse", "--latest", &address, "--format", "json"]);
    let made = run(&["backup", "--channel", "openwa", "--to", text(gateway.sets.path())]);
    let set = made["data"]["path"].as_str().unwrap().to_owned();
    run(&["backup", "verify", &set]);
    run(&["restore", "--set", &set, "--into", text(&gateway.sets.path().join("back"))]);
    std::fs::remove_dir_all(gateway.data("baileys")).unwrap();
    run(&["backup", "--channel", "openwa", "--to", text(gateway.sets.path()), "--allow-incomplete"]);
    run(&["backup", "list", text(gateway.sets.path())]);
    run(&["backup", "prune", text(gateway.sets.path()), "--channel", "openwa", "--keep-last", "1", "--dry-run"]);
    all.push(stub.stdout);
    Some(all)
}
