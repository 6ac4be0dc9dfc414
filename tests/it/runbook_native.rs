//! The runbooks of this host's own sessions, run against its daemon on the simulator: each passes, and
//! does not when one thing is broken.

use std::os::unix::fs::PermissionsExt as _;

use wpp::whatsapp::simulator::Request;

use crate::doubles::{Double, OpenWa};
use crate::harness::TestHome;
use crate::runbook_stage::{Ran, Stage, Tools, read};
use crate::simulated::Simulated;

/// What a run comes to when one thing is broken.
#[derive(Clone, Copy, PartialEq)]
enum Broken {
    Deviates,
    /// Its steady state is not there, so nothing is begun.
    Skipped,
}

/// One row: a runbook, what is so beforehand, and what is broken beside.
struct Row {
    id: &'static str,
    told: &'static [(&'static str, &'static str)],
    well: fn(&mut Simulated),
    broken: fn(&mut Simulated),
    /// A question that is answered with no, in the broken case.
    no: &'static str,
    comes_to: Broken,
}

const fn row(id: &'static str, well: fn(&mut Simulated), broken: fn(&mut Simulated), comes_to: Broken) -> Row {
    Row { id, told: &[("session", "main")], well, broken, no: "", comes_to }
}

const fn asked(id: &'static str, well: fn(&mut Simulated), no: &'static str) -> Row {
    Row { id, told: &[("session", "main")], well, broken: nothing, no, comes_to: Broken::Deviates }
}

fn nothing(_: &mut Simulated) {}

fn stopped(simulated: &mut Simulated) {
    let outcome = simulated.home.run(&["stop"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
}

fn killed(simulated: &mut Simulated) {
    simulated.kill_daemon();
}

/// Its keys cannot be read any more, so that no daemon comes up with them.
fn damaged(simulated: &mut Simulated) {
    if simulated.daemon().is_some() {
        simulated.kill_daemon();
    }
    for name in ["session.db-wal", "session.db-shm"] {
        let _ = std::fs::remove_file(simulated.home.session("main").join(name));
    }
    std::fs::write(simulated.home.session("main").join("session.db"), b"this is no database at all").unwrap();
}

/// The phone has thrown the device out.
fn removed(simulated: &mut Simulated) {
    simulated.ask(Request::PhoneUnlink { companion: None });
    simulated.until("the session's notice of it", || {
        let (code, _) = simulated.home.json(&["status"]);
        if code == 13 { Ok(()) } else { Err(format!("exit {code}")) }
    });
}

fn archived(simulated: &mut Simulated) {
    let outcome = simulated.home.run(&["backup"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
}

/// Every archive ends in the middle.
fn cut_off(simulated: &mut Simulated) {
    for entry in std::fs::read_dir(simulated.home.path().join("backups")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
}

const ROWS: &[Row] = &[
    row("start-daily", stopped, damaged, Broken::Deviates),
    row("start-daemon", stopped, damaged, Broken::Deviates),
    row("start-daemon", stopped, |simulated| assert_eq!(simulated.home.run(&["start"]).code, 0), Broken::Skipped),
    row("start-inspect", nothing, killed, Broken::Skipped),
    row("inspection", nothing, killed, Broken::Deviates),
    row("lock-contention", killed, damaged, Broken::Deviates),
    row("stale-socket", killed, damaged, Broken::Deviates),
    asked("auth-required", removed, "wanted"),
    row("auth-required", removed, |simulated| assert_eq!(simulated.link().code, 0), Broken::Skipped),
    row("reconnect-loop", nothing, Simulated::stop_simulator, Broken::Deviates),
    row("search-degraded", nothing, killed, Broken::Skipped),
    row("stream-lost", killed, damaged, Broken::Deviates),
    Row { told: &[("session", "main"), ("name", "WPP")], ..asked("device-name", removed, "seen") },
    asked("security-hygiene", nothing, "disk"),
    row("restart", nothing, damaged, Broken::Deviates),
    row("restart", killed, damaged, Broken::Deviates),
    asked("re-authentication", removed, "minute"),
    asked("reset", nothing, "agree"),
    row("disk-space", archived, cut_off, Broken::Deviates),
];

fn stage<'a>(row: &Row) -> Stage<'a> {
    row.told.iter().fold(Stage::default(), |stage, (name, value)| stage.set(name, *value))
}

/// With a phone that scans every code that is shown.
fn run(simulated: &Simulated, words: &[String]) -> Ran {
    read(simulated.link_with(&words.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// A session that is READY, in a home that is closed to others.
fn linked() -> Simulated {
    let simulated = Simulated::linked();
    let settings = simulated.home.path().join("config.toml");
    std::fs::set_permissions(settings, std::fs::Permissions::from_mode(0o600)).unwrap();
    simulated
}

fn each_passes(rows: &[Row]) {
    let not_so = rows.iter().filter_map(|row| {
        let mut simulated = linked();
        (row.well)(&mut simulated);
        run(&simulated, &stage(row).words(row.id)).other_than(0, row.id)
    });
    let not_so: Vec<String> = not_so.collect();
    assert!(not_so.is_empty(), "{}", not_so.join("\n\n"));
}

fn each_does_not_when_one_thing_is_broken(rows: &[Row]) {
    let not_so = rows.iter().filter_map(|row| {
        let mut simulated = linked();
        (row.well)(&mut simulated);
        (row.broken)(&mut simulated);
        let stage = if row.no.is_empty() { stage(row) } else { stage(row).no(row.no) };
        let (_folder, words) = stage.hurried_words(row.id);
        let ran = run(&simulated, &words);
        let code = match row.comes_to {
            Broken::Deviates => 4,
            Broken::Skipped => 5,
        };
        ran.other_than(code, row.id)
    });
    let not_so: Vec<String> = not_so.collect();
    assert!(not_so.is_empty(), "{}", not_so.join("\n\n"));
}

// In parts, so that they run beside each other.

#[test]
fn the_first_of_them_pass() {
    each_passes(&ROWS[..7]);
}

#[test]
fn the_next_of_them_pass() {
    each_passes(&ROWS[7..13]);
}

#[test]
fn the_last_of_them_pass() {
    each_passes(&ROWS[13..]);
}

#[test]
fn the_first_of_them_do_not_pass_when_one_thing_is_broken() {
    each_does_not_when_one_thing_is_broken(&ROWS[..7]);
}

#[test]
fn the_next_of_them_do_not_pass_when_one_thing_is_broken() {
    each_does_not_when_one_thing_is_broken(&ROWS[7..13]);
}

#[test]
fn the_last_of_them_do_not_pass_when_one_thing_is_broken() {
    each_does_not_when_one_thing_is_broken(&ROWS[13..]);
}

#[test]
fn hygiene_closes_what_is_open() {
    let simulated = linked();
    let keys = simulated.home.session("main").join("session.db");
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o644)).unwrap();
    run(&simulated, &Stage::default().set("session", "main").words("security-hygiene")).passes("security-hygiene");
    assert_eq!(keys.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

/// Contacts of its own, a way to reach them, and who hears of it.
#[test]
fn who_is_told_is_tried() {
    for id in ["alert-matrix", "contacts"] {
        let home = TestHome::sandbox();
        let heard = home.path().join("heard");
        let settings = |command: &str| format!("[contacts.on-call]\nrole = \"first responder\"\ncommand = {command}\n");
        let works = format!("[\"/bin/sh\", \"-c\", \"cat >> '{}'\"]", heard.display());
        std::fs::write(home.path().join("config.toml"), settings(&works)).unwrap();
        Stage::default().run(&home, id).passes(id);
        assert!(!std::fs::read(&heard).unwrap().is_empty());
        // A way that leads nowhere.
        std::fs::write(home.path().join("config.toml"), settings("[\"/bin/false\"]")).unwrap();
        Stage::default().run_hurried(&home, id).deviates(id);
    }
}

#[test]
fn a_certificate_is_renewed_and_looked_at_where_it_is_served() {
    let id = "certificate-renewal";
    let home = TestHome::sandbox();
    let server = Double::new(OpenWa::well());
    let tools = Tools::new(&["certbot", "openssl", "nginx", "systemctl"]);
    tools.does("openssl", "cat > /dev/null");
    let stage = || {
        let stage = Stage::default().tools(&tools).set("domain", "api.example.org");
        stage.set("url", format!("{}/api/health/live", server.url()))
    };
    stage().run(&home, id).passes(id);
    let log = tools.log();
    let at = |words: &str| log.iter().position(|line| line == words).unwrap_or_else(|| panic!("{words}: {log:?}"));
    assert!(at("certbot renew --cert-name api.example.org") < at("nginx -t") && at("nginx -t") < at("systemctl reload nginx"));
    // Renewed on the disk, and the old one is still served.
    tools.does("openssl", "cat > /dev/null; case \"$*\" in *checkend*) exit 1;; esac");
    stage().run_hurried(&home, id).deviates(id);
    // A proxy whose configuration is broken is not reloaded.
    let before = tools.log().iter().filter(|line| line.starts_with("systemctl")).count();
    tools.does("nginx", "exit 1");
    stage().run_hurried(&home, id).deviates(id);
    assert_eq!(tools.log().iter().filter(|line| line.starts_with("systemctl")).count(), before);
}
