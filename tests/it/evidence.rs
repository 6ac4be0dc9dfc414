//! What runs leave behind: that it is whole, says nothing about anybody, and is checked.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::TestHome;

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
    assert_eq!(home.run(&["evidence", "verify", &id]).code, 5);
}

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
}

impl Files {
    fn new() -> Files {
        let home = TestHome::live();
        let folder = home.path().join("rotation");
        std::fs::create_dir_all(&folder).unwrap();
        let files = Files { home, folder };
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
    assert_eq!(names, ["-env-diff.txt", "-secret-scan.txt", ".md"]);
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
