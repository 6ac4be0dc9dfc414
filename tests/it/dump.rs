//! `wpp dump`: what dumps really are, and rehearsals on a server of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::TestHome;
use crate::postgres::{Cluster, PASSWORD};

/// The questions of a monthly restore test.
const SMOKE: &str = "\
[[query]]\nname = 'users'\nsql = 'select count(*) from users'\nmin = 5\nmax = 100\n\
[[query]]\nname = 'recent sales'\nsql = 'select sum(cents) from sales'\nmin = 100\n\
[[query]]\nname = 'tickets by status'\nsql = 'select status, count(*) from tickets group by 1 order by 1'\nrows_min = 2\nequals = 'closed'\n";

struct Place {
    home: TestHome,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
        std::fs::write(folder.path().join("smoke.toml"), SMOKE).unwrap();
        Place { home: TestHome::live(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Rehearses with temporary folders of its own, so that what is left can be counted.
    fn rehearse(&self, arguments: &[&str]) -> (i32, Value) {
        let temporary = short();
        let mut all = vec!["dump", "rehearse"];
        all.extend(arguments);
        all.extend(["--format", "json"]);
        let output = self.home.command(&all).env("TMPDIR", temporary.path()).output().unwrap();
        let outcome = crate::harness::Outcome::of(output);
        outcome.assert_helpful();
        assert!(!outcome.stdout.contains(PASSWORD) && !outcome.stderr.contains(PASSWORD));
        let last = outcome.stdout.lines().last().unwrap_or_default();
        let report: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
        if let Some(kept) = report["data"]["standing"]["folder"].as_str() {
            let stop = self.home.command(&["dump", "stop", kept]).env("TMPDIR", temporary.path()).output().unwrap();
            assert!(stop.status.success(), "{stop:?}");
        }
        let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
        (outcome.code, report)
    }

    fn smoke(&self) -> String {
        self.path("smoke.toml").display().to_string()
    }
}

/// A folder with a short path, for a socket lies in it.
fn short() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new().prefix("w").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn step<'a>(report: &'a Value, title: &str) -> &'a Value {
    let steps = report["steps"].as_array().unwrap_or_else(|| panic!("{report}"));
    steps.iter().find(|step| step["title"] == title).unwrap_or_else(|| panic!("no step {title}: {report}"))
}

#[test]
fn a_dump_of_every_format_comes_back_on_a_server_of_its_own() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(7);
    let place = Place::new();
    for format in ["custom", "tar", "directory", "plain"] {
        let path = place.path(format);
        cluster.dump(format, &path, &[]);
        let (code, report) = place.rehearse(&[text(&path), "--smoke", &place.smoke()]);
        assert_eq!((code, report["verdict"].as_str()), (0, Some("pass")), "{format}: {report}");
        assert_eq!(report["data"]["dump"]["kind"], format);
        assert_eq!(report["data"]["tables"]["public.users"], 7, "{report}");
        assert_eq!(report["data"]["queries"][2]["rows"], serde_json::json!([["closed", "1"], ["open", "2"]]));
        assert!(report["data"]["standing"].is_null());
    }
    // As a job that pipes through gzip leaves them.
    for format in ["plain", "custom"] {
        let packed = place.path(&format!("{format}.gz"));
        let gzip = Command::new("gzip").arg("-c").arg(place.path(format)).output().unwrap();
        std::fs::write(&packed, gzip.stdout).unwrap();
        let (code, report) = place.rehearse(&[text(&packed), "--smoke", &place.smoke()]);
        assert_eq!(code, 0, "{format}: {report}");
        assert_eq!(report["data"]["dump"]["wrapping"], "gzip");
    }
}

#[test]
fn what_is_no_whole_dump_is_told_and_nothing_is_left_of_the_rehearsal() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(2000);
    let place = Place::new();
    let smoke = place.smoke();
    let write = |name: &str, content: &[u8]| {
        std::fs::write(place.path(name), content).unwrap();
        place.path(name)
    };
    // What a job wrote that was never finished by whoever wrote the job.
    let stub = write("stub.dump", b"spec-1 backup 2026-11-04T14:00:00Z\n");
    let (code, report) = place.rehearse(&[text(&stub), "--smoke", &smoke]);
    let seen = step(&report, "look at the dump")["observed"].as_str().unwrap().to_owned();
    assert!(code == 4 && seen.contains("stub"), "{report}");
    let outcome = place.home.run(&["dump", "check", text(&stub)]);
    assert!(outcome.code == 12 && outcome.stderr.contains("stub"), "{outcome:?}");

    let custom = place.path("custom");
    cluster.dump("custom", &custom, &[]);
    let whole = std::fs::read(&custom).unwrap();
    for (name, cut) in [("cut in the rows", whole.len() * 2 / 3), ("cut in the list", 600)] {
        let cut = write("cut", &whole[..cut]);
        let (code, report) = place.rehearse(&[text(&cut), "--smoke", &smoke]);
        assert_eq!((code, report["verdict"].as_str()), (4, Some("fail")), "{name}: {report}");
        assert!(!report["data"]["standing"]["look"].as_str().unwrap_or_default().is_empty(), "{name}: kept: {report}");
    }
    let plain = place.path("plain");
    cluster.dump("plain", &plain, &[]);
    let text_of = std::fs::read(&plain).unwrap();
    let cut = write("cut.sql", &text_of[..text_of.len() / 2]);
    let (code, report) = place.rehearse(&[text(&cut), "--smoke", &smoke]);
    assert!(code == 4 && step(&report, "look at the dump")["observed"].as_str().unwrap().contains("cut off"), "{report}");

    // A table that is not in it, and counts that cannot be right.
    let partial = place.path("partial");
    cluster.dump("custom", &partial, &["--exclude-table", "tickets"]);
    let (code, report) = place.rehearse(&[text(&partial), "--smoke", &smoke]);
    assert_eq!(code, 4, "{report}");
    assert!(step(&report, "ask: tickets by status")["observed"].as_str().unwrap().contains("does not exist"), "{report}");
    let users = step(&report, "ask: users");
    assert_eq!((users["verdict"].as_str(), users["observed"].as_str()), (Some("fail"), Some("2000")), "{users}");
    assert_eq!(step(&report, "ask: recent sales")["verdict"], "pass", "every question is asked");
    let empty = place.path("empty");
    cluster.dump("custom", &empty, &["--schema-only"]);
    let (code, report) = place.rehearse(&[text(&empty), "--discard"]);
    assert!(code == 4 && step(&report, "count what came back")["observed"].as_str().unwrap().contains("0 rows"), "{report}");
    assert!(report["data"]["standing"].is_null(), "discarded: {report}");
}
