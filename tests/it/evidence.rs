//! What runs leave behind: that it is whole, says nothing about anybody, and is checked.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::TestHome;
use crate::simulated::{PEER, Simulated};

/// A home in which the smoke drill ran, and the id of its evidence.
fn drilled() -> (TestHome, String) {
    let home = TestHome::live();
    assert_eq!(home.run(&["drill", "run", "smoke", "--quiet"]).code, 0);
    let (_, list) = home.json(&["evidence", "list"]);
    let listed = list["data"]["evidence"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!((&listed[0]["verdict"], &listed[0]["of"]), (&"pass".into(), &"smoke".into()), "{listed}");
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    (home, id)
}

#[test]
fn a_run_leaves_evidence_that_anybody_can_check_and_every_change_is_seen() {
    let (home, id) = drilled();
    let folder = home.path().join("reports").join(&id);
    for file in ["report.md", "report.html", "report.json", "SHA256SUMS"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    // By wpp, and by what every machine has.
    assert_eq!(home.run(&["evidence", "verify"]).code, 0);
    let coreutils = Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&folder).status().unwrap();
    assert!(coreutils.success());
    // The drill sends to a number; no file of it holds it.
    for file in ["report.md", "report.html", "report.json"] {
        assert!(!std::fs::read_to_string(folder.join(file)).unwrap().contains("15550100001"), "{file}");
    }
    let show = home.run(&["evidence", "show", &id]);
    assert!(show.code == 0 && show.stdout.contains("smoke"), "{show:?}");
    // It can be handed on, with its hashes.
    let export = home.path().join("ticket.tar.gz");
    let exported = home.run(&["evidence", "export", &id, "--to", export.to_str().unwrap()]);
    assert_eq!(exported.code, 0, "{exported:?}");
    let names = Command::new("tar").args(["-tzf", export.to_str().unwrap()]).output().unwrap();
    let names = String::from_utf8(names.stdout).unwrap();
    assert!(names.contains(&format!("{id}/SHA256SUMS")) && names.contains(&format!("{id}/report.html")), "{names}");

    let report = folder.join("report.md");
    let text = std::fs::read_to_string(&report).unwrap();
    std::fs::write(&report, text.replace("pass", "fail")).unwrap();
    let verified = home.run(&["evidence", "verify", &id]);
    assert!(verified.code == 4 && verified.stdout.contains("changed: report.md"), "{verified:?}");
    let again = home.run(&["evidence", "export", &id, "--to", home.path().join("second.tar.gz").to_str().unwrap()]);
    assert_eq!(again.code, 4, "{again:?}");
    std::fs::remove_file(folder.join("SHA256SUMS")).unwrap();
    assert_eq!(home.run(&["evidence", "verify", &id]).code, 4);
}

/// A home in which a runbook ran, and the ids of its runs.
fn ran(times: usize) -> (TestHome, Vec<String>) {
    let home = TestHome::live();
    std::fs::create_dir(home.path().join("runbooks")).unwrap();
    std::fs::write(home.path().join("runbooks/look.md"), LOOK).unwrap();
    let ids = (0..times)
        .map(|_| {
            let (code, report) = home.json(&["runbook", "run", "look", "--yes"]);
            assert_eq!(code, 0, "{report}");
            report["data"]["run"].as_str().unwrap().to_owned()
        })
        .collect();
    (home, ids)
}

/// What `evidence verify` says: its code, and the verdict and the words for each.
fn verified(home: &TestHome, named: &[&str]) -> (i32, Vec<(String, String, String)>) {
    let (code, report) = home.json(&[&["evidence", "verify"], named].concat());
    let text = |one: &serde_json::Value, field: &str| one[field].as_str().unwrap().to_owned();
    let all = report["data"]["verified"].as_array().unwrap().iter();
    (code, all.map(|one| (text(one, "id"), text(one, "verdict"), text(one, "observed"))).collect())
}

/// Makes the list of hashes fit what is there now.
fn sealed_anew(folder: &std::path::Path) {
    let line = "find . -type f ! -name SHA256SUMS -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS";
    assert!(Command::new("sh").args(["-c", line]).current_dir(folder).status().unwrap().success());
}

#[test]
fn whoever_can_write_the_folder_cannot_make_it_pass() {
    let (home, ids) = ran(7);
    let reports = home.path().join("reports");
    let at = |number: usize| reports.join(&ids[number]);
    assert_eq!(verified(&home, &[]).0, 0);
    std::fs::remove_file(at(0).join("report.json")).unwrap();
    std::fs::write(at(1).join("report.md"), "# all is well").unwrap();
    sealed_anew(&at(1));
    std::fs::rename(at(2), reports.join("look-20200101T000000Z")).unwrap();
    std::fs::remove_dir_all(at(3)).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", at(4).join("more.txt")).unwrap();
    std::fs::remove_file(at(6).join("SHA256SUMS")).unwrap();
    let (code, all) = verified(&home, &[]);
    assert_eq!(code, 4, "{all:?}");
    let of = |id: &str| all.iter().find(|one| one.0 == id).map(|one| (one.1.as_str(), one.2.as_str())).unwrap();
    for (number, part) in [
        (0, "missing: report.json"),
        (1, "not the list that was sealed"),
        (2, "gone"),
        (3, "gone"),
        (4, "more.txt (a link"),
        (6, "SHA256SUMS cannot be checked"),
    ] {
        let (verdict, observed) = of(&ids[number]);
        assert!(verdict == "fail" && observed.contains(part), "{number}: {observed}");
        assert_eq!(verified(&home, &[&ids[number]]).0, 4);
        let to = home.path().join("x.tar.gz");
        assert_eq!(home.run(&["evidence", "export", &ids[number], "--to", to.to_str().unwrap()]).code, 4);
    }
    assert_eq!(of(&ids[5]).0, "pass");
    assert_eq!(of("look-20200101T000000Z").0, "unknown");
    assert_eq!(verified(&home, &[&ids[5]]).0, 0);
}

#[test]
fn evidence_in_a_folder_of_the_operators_is_verified_by_its_path_and_with_all_others() {
    let (home, _) = ran(1);
    let folder = home.path().join("ticket/4711");
    let path = folder.to_str().unwrap();
    assert_eq!(home.run(&["runbook", "run", "look", "--yes", "--evidence", path]).code, 0);
    assert_eq!((verified(&home, &[path]).0, verified(&home, &[]).1.len()), (0, 2));
    // The journal knows the folder: the run's id is enough.
    let (_, list) = home.json(&["evidence", "list"]);
    let evidence = list["data"]["evidence"].as_array().unwrap();
    let outside = evidence.iter().find(|one| one["path"] == path).unwrap_or_else(|| panic!("{list}"));
    let id = outside["id"].as_str().unwrap();
    assert!(evidence.len() == 2 && id.starts_with("look-"), "{list}");
    assert_eq!((verified(&home, &[id]).0, home.run(&["evidence", "show", id]).code), (0, 0));
    assert!(home.run(&["evidence", "show"]).stdout.contains(id), "it is the newest");
    let to = home.path().join("outside.tar.gz");
    assert_eq!(home.run(&["evidence", "export", id, "--to", to.to_str().unwrap()]).code, 0);
    std::fs::write(folder.join("report.md"), "x").unwrap();
    assert_eq!((verified(&home, &[path]).0, verified(&home, &[]).0), (4, 4));
    // One of another home fits its own list at best.
    let (other, _) = ran(0);
    sealed_anew(&folder);
    let (code, all) = verified(&other, &[path]);
    assert!(code == 5 && all[0].2.contains("does not know that list"), "{all:?}");
    assert_eq!(home.run(&["evidence", "verify", "/no/such/folder"]).code, 2);
}

#[test]
fn a_transcript_that_was_changed_before_the_run_was_taken_back_is_told_for_good() {
    let (home, _) = ran(0);
    let mended = home.path().join("mended");
    let steps = format!(
        "```sh id=one undo=back\ntrue\n```\n\n```sh id=back\ntest -f '{}'\n```\n\n```sh id=two\necho honest; exit 1\n```\n",
        mended.display()
    );
    let text = LOOK.replace("id: look", "id: stuck").replace("```wpp id=look\nwpp config\n```\n", &steps);
    std::fs::write(home.path().join("runbooks/stuck.md"), text).unwrap();
    let stuck = || {
        let (code, report) = home.json(&["runbook", "run", "stuck", "--yes", "--allow-shell", "--despite-open"]);
        assert!(code != 0 && report["data"]["open"] == true, "{report}");
        report["data"]["run"].as_str().unwrap().to_owned()
    };
    let (forged, honest) = (stuck(), stuck());
    assert_eq!(verified(&home, &[]).0, 0);
    let transcript = home.path().join("reports").join(&forged).join("transcripts/two.txt");
    let was = std::fs::read_to_string(&transcript).unwrap();
    std::fs::write(&transcript, was.replace("honest", "forged")).unwrap();
    std::fs::write(&mended, "").unwrap();
    for (run, code) in [(&forged, 4), (&honest, 0)] {
        let (undone, report) = home.json(&["runbook", "undo", run]);
        assert_eq!(undone, 0, "{report}");
        let told = report["warnings"].to_string().contains("transcripts/two.txt");
        let (verify, all) = verified(&home, &[run]);
        assert_eq!((told, verify), (code == 4, code), "{report} {all:?}");
        assert_eq!(all[0].2.contains("changed: transcripts/two.txt"), code == 4, "{all:?}");
    }
}

const LOOK: &str = "---
id: look
title: Look at the settings
kind: runbook
severity: info
respond_within: 7d
applies_to: host
---
# Look at the settings

## Trigger
Somebody asks.

## Impact
None.

## Prerequisites
A home.

## Steps
```wpp id=look
wpp config
```

## Verification
```wpp id=verify
wpp config
```

## Rollback
Nothing was changed, so there is nothing to take back.
";

#[test]
fn nothing_to_verify_is_no_pass() {
    let home = TestHome::live();
    assert_eq!(home.run(&["evidence", "verify"]).code, 5);
    assert_eq!(home.run(&["evidence", "show"]).code, 2);
    assert_eq!(home.run(&["evidence", "export", "nobody-20260801T000000Z"]).code, 2);
}

struct Files {
    home: TestHome,
    folder: PathBuf,
    said: std::cell::RefCell<String>,
}

impl Files {
    fn new() -> Files {
        let home = TestHome::live();
        let folder = home.path().join("rotation");
        std::fs::create_dir_all(&folder).unwrap();
        let files = Files { home, folder, said: Default::default() };
        files.write("before.env", "GITHUB_TOKEN=old-github-1\nWHATSAPP_WEBHOOK_SECRET=old-hook-1\nPORT=80\n");
        files.write("after.env", "GITHUB_TOKEN=new-github-2\nWHATSAPP_WEBHOOK_SECRET=new-hook-2\nPORT=80\n");
        files.write("scan.txt", "no secrets found\n");
        files.write("doctor.json", "{\"ok\": true}\n");
        files
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// What the last rotation said when it failed.
    fn said(&self) -> String {
        self.said.borrow().clone()
    }

    fn rotation(&self) -> (i32, String) {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let transcript = format!("doctor={}", path("doctor.json"));
        let outcome = self.home.run(&[
            "evidence",
            "rotation",
            "--before",
            &path("before.env"),
            "--after",
            &path("after.env"),
            "--name",
            "GITHUB_TOKEN",
            "--name",
            "WHATSAPP_WEBHOOK_SECRET",
            "--scan",
            &path("scan.txt"),
            "--transcript",
            &transcript,
            "--into",
            &path("out"),
        ]);
        self.said.replace(outcome.stderr);
        (outcome.code, outcome.stdout)
    }

    /// What was written: the names without the day, and all of the text.
    fn written(&self) -> (Vec<String>, String) {
        let mut names = Vec::new();
        let mut text = String::new();
        for entry in std::fs::read_dir(self.folder.join("out")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let day = name.strip_prefix("credential-rotation-").unwrap();
            assert!(day[..8].bytes().all(|byte| byte.is_ascii_digit()), "{name}");
            names.push(day[8..].to_owned());
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
        names.sort();
        (names, text)
    }
}

#[test]
fn a_rotation_is_evidenced_under_the_required_names_and_without_a_value() {
    let files = Files::new();
    let (code, stdout) = files.rotation();
    assert_eq!(code, 0, "{stdout}");
    let (names, text) = files.written();
    assert_eq!(names, ["-SHA256SUMS", "-env-diff.txt", "-secret-scan.txt", ".md"]);
    for value in ["old-github-1", "new-github-2", "old-hook-1", "new-hook-2"] {
        assert!(!text.contains(value), "{value}");
    }
    assert!(
        text.contains("GITHUB_TOKEN rotated") && text.contains("no secrets found") && text.contains("\"ok\": true"),
        "{text}"
    );
}

#[test]
fn a_rotation_that_is_not_complete_or_leaks_is_no_pass() {
    let files = Files::new();
    files.write("after.env", "GITHUB_TOKEN=new-github-2\nWHATSAPP_WEBHOOK_SECRET=old-hook-1\nPORT=80\n");
    let (code, stdout) = files.rotation();
    assert!(code == 4 && stdout.contains("WHATSAPP_WEBHOOK_SECRET is unchanged"), "{stdout}");

    let files = Files::new();
    files.write("scan.txt", "found old-github-1 in config.py\n");
    let (code, stdout) = files.rotation();
    assert!(code == 4 && stdout.contains("a value of GITHUB_TOKEN stands in it"), "{stdout}");
    assert!(!files.written().1.contains("old-github-1"));

    let files = Files::new();
    files.write("scan.txt", "\n");
    assert_eq!(files.rotation().0, 4);

    let files = Files::new();
    files.write("doctor.json", "token new-hook-2\n");
    assert_eq!(files.rotation().0, 4);
    assert!(!files.written().1.contains("new-hook-2"));
}

#[test]
fn a_second_rotation_of_the_day_leaves_the_first_as_it_is_and_both_are_sealed() {
    let files = Files::new();
    assert_eq!(files.rotation().0, 0);
    let out = files.folder.join("out");
    // Whatever else is kept there is none of it.
    std::fs::write(out.join("credential-rotation-20200101-note.txt"), "x").unwrap();
    let first = files.written().1;
    files.write("after.env", "GITHUB_TOKEN=other-github-3\nWHATSAPP_WEBHOOK_SECRET=other-hook-3\nPORT=80\n");
    assert_eq!(files.rotation().0, 0);
    let (names, both) = files.written();
    assert!(names.len() == 9 && names.contains(&"-2.md".to_owned()) && names.contains(&"-2-SHA256SUMS".to_owned()), "{names:?}");
    assert!(first.split_inclusive('\n').all(|line| both.contains(line)));
    let (code, all) = verified(&files.home, &[]);
    assert!(code == 0 && all.len() == 2, "{all:?}");
    let path = out.to_str().unwrap();
    assert_eq!(verified(&files.home, &[path]).0, 0);
    let diff = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
    let diff = { diff }.find(|path| path.to_str().unwrap().ends_with("-2-env-diff.txt")).unwrap();
    std::fs::write(diff, "GITHUB_TOKEN unchanged\n").unwrap();
    assert_eq!((verified(&files.home, &[]).0, verified(&files.home, &[path]).0), (4, 4));
}

#[test]
fn a_rotation_of_what_cannot_be_read_for_sure_is_refused_and_nothing_of_it_is_shown() {
    let files = Files::new();
    for (after, part) in [
        ("GITHUB_TOKEN=new-github-2\n-----BEGIN PRIVATE KEY-----\nMIIsecret\n", "after.env cannot be read at line 2"),
        ("GITHUB_TOKEN=new-github-2\nKEY=\"-----BEGIN\nMIIsecret\n", "after.env cannot be read at line 2"),
    ] {
        files.write("after.env", after);
        let (code, stdout) = files.rotation();
        assert!(code == 2 && !files.folder.join("out").exists(), "{stdout}");
        let said = files.said();
        assert!(said.contains(part) && !said.contains("MIIsecret") && !said.contains("BEGIN"), "{said}");
    }
    files.write("after.env", "GITHUB_TOKEN=old-github-1 # rotated today\nWHATSAPP_WEBHOOK_SECRET=old-hook-1;\n");
    let (code, stdout) = files.rotation();
    assert!(
        code == 4 && stdout.contains("GITHUB_TOKEN is unchanged") && stdout.contains("WHATSAPP_WEBHOOK_SECRET is unchanged"),
        "{stdout}"
    );
}

#[test]
fn an_export_is_the_same_bytes_each_time() {
    let (home, ids) = ran(1);
    let export = |name: &str| {
        let to = home.path().join(name);
        assert_eq!(home.run(&["evidence", "export", &ids[0], "--to", to.to_str().unwrap()]).code, 0);
        std::fs::read(to).unwrap()
    };
    let first = export("first.tar.gz");
    let folder = home.path().join("reports").join(&ids[0]);
    // Copied, unpacked, looked at later: none of it is the run's.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
    std::fs::File::options().write(true).open(folder.join("report.md")).unwrap().set_modified(later).unwrap();
    assert_eq!(first, export("second.tar.gz"));
}

#[test]
fn a_report_says_what_the_run_was_told_and_which_version_ran_it() {
    let home = TestHome::live();
    std::fs::create_dir(home.path().join("runbooks")).unwrap();
    let parameters =
        "parameters:\n  depth:\n    help: how deep\n    default: 7fathoms\n  key:\n    help: a key\n    secret: true\n";
    let text = LOOK.replacen("\n---\n", &format!("\n{parameters}---\n"), 1);
    std::fs::write(home.path().join("runbooks/look.md"), text).unwrap();
    let mut run = home.command(&["runbook", "run", "look", "--yes", "--format", "json"]);
    let output = run.env("WPP_SECRET_KEY", "s3cr3t-s3cr3t").output().unwrap();
    let report: serde_json::Value =
        serde_json::from_slice(output.stdout.trim_ascii().rsplit(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report}");
    let folder = home.path().join("reports").join(report["data"]["run"].as_str().unwrap());
    for file in ["report.md", "report.html", "report.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for part in ["7fathoms", "«key»", concat!("wpp ", env!("CARGO_PKG_VERSION"))] {
            assert!(text.contains(part), "{part} is not in {file}: {text}");
        }
        assert!(!text.contains("s3cr3t-s3cr3t"), "{file}");
    }
}

/// Reads what was written, looks whether it leaks, and is killed.
const READS: &str = "---
id: reads
title: Reads what was written
kind: runbook
severity: low
respond_within: 24h
applies_to: wpp session
---

# Reads what was written

## Trigger

- Now and then.

## Impact

None.

## Prerequisites

The daemon runs.

```wpp id=status
wpp status
```

## Steps

1. Read.

   ```wpp id=messages expect=\"exit=0; $.data.messages[0].text~harbour; ~old harbour\" save=from:$.data.messages[0].sender
   wpp messages
   ```

   ```wpp id=events expect=\"exit=0; ~old harbour\"
   wpp events
   ```

   ```wpp id=chats
   wpp chats
   ```

2. Look whether that is a leak.

   ```wpp id=checks expect=\"exit=0|3; no-finding=wpp.security.report-leaks\"
   wpp doctor --only wpp.security
   ```

3. End.

   ```sh id=end
   kill -9 $PPID
   ```

## Verification

```wpp id=verify
wpp messages --chat \"{{from}}\"
```

## Rollback

None.
";

/// All that files below a folder hold.
fn all_of(folder: &std::path::Path) -> String {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| if path.is_dir() { all_of(&path) } else { std::fs::read_to_string(&path).unwrap() }).collect()
}

#[test]
fn what_a_run_keeps_names_nobody_while_it_runs_when_it_is_killed_and_when_it_is_over() {
    let simulated = Simulated::linked();
    simulated.peer_sends("meet me at the old harbour at noon", 1);
    simulated.until("the message", || if simulated.found("harbour") == 1 { Ok(()) } else { Err("nothing".into()) });
    let home = &simulated.home;
    std::fs::create_dir(home.path().join("runbooks")).unwrap();
    std::fs::write(home.path().join("runbooks/reads.md"), READS).unwrap();
    let killed = home.run(&["runbook", "run", "reads", "--yes", "--allow-shell"]);
    assert_eq!(killed.code, -1, "{killed:?}");
    let (_, runs) = home.json(&["runbook", "runs"]);
    let run = &runs["data"]["runs"][0];
    assert_eq!((&run["open"], &run["under_way"]), (&true.into(), &"end".into()), "{run}");
    let evidence = PathBuf::from(run["evidence"].as_str().unwrap());
    let names_nobody = || {
        let text = all_of(&evidence);
        assert!(text.contains("wpp.messages/1") && text.contains("[message]"), "{text}");
        assert!(!text.contains(PEER) && !text.contains("old harbour at"), "{text}");
        let (code, report) = home.json(&["doctor", "--only", "wpp.security.report-leaks"]);
        assert_eq!(code, 0, "{report:#}");
        text
    };
    let token = |text: &str| text.split("\"chat\": \"").nth(1).unwrap()[..11].to_owned();
    let before = token(&names_nobody());
    let undone = home.run(&["runbook", "undo", run["run"].as_str().unwrap()]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_eq!(token(&names_nobody()), before, "one person is one token");
    // And the procedure that is shipped finds nothing wrong with itself.
    let (code, report) = home.json(&["runbook", "run", "inspection", "--yes"]);
    assert_eq!(code, 0, "{report:#}");
    let checks = report["data"]["evidence"].as_str().map(|folder| PathBuf::from(folder).join("transcripts/checks.txt"));
    let checks = std::fs::read_to_string(checks.unwrap()).unwrap();
    let (_, document) = checks.split_once("\nexit ").unwrap();
    let document: serde_json::Value = serde_json::from_str(document.split_once('\n').unwrap().1).unwrap();
    let leaks = document["findings"].as_array().unwrap().iter().find(|one| one["id"] == "wpp.security.report-leaks");
    assert!(leaks.is_none_or(|one| one["severity"] == "ok"), "{leaks:?}");
}
