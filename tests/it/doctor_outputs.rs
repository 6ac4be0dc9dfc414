//! What the doctor writes for other programs: it takes the place of nothing that is not its own, and nobody who
//! chooses the name of a file chooses what a line says.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::doctor_home::{chmod, whole, write};
use crate::harness::TestHome;

fn pipe(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

/// A home with a secret that is open to others, of a name that somebody chose.
fn with_file(name: &str) -> TestHome {
    let home = whole();
    let secrets = home.path().join("secrets");
    std::fs::create_dir(&secrets).unwrap();
    chmod(&secrets, 0o700);
    write(&secrets.join(name), "hunter2hunter3");
    chmod(&secrets.join(name), 0o644);
    home
}

#[test]
fn only_a_file_that_the_doctor_wrote_is_replaced() {
    let home = whole();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for option in ["--junit", "--markdown", "--textfile"] {
        let run = |path: &Path| home.run(&["doctor", "--offline", option, path.to_str().unwrap()]);
        let own = at(&format!("own{option}"));
        for _ in 0..2 {
            assert_eq!(run(&own).code, 0, "{option}: it writes its own again and again");
        }
        let store = home.session("main").join("session.db");
        let before = std::fs::read(&store).unwrap();
        let refused = run(&store);
        assert_eq!((refused.code, std::fs::read(&store).unwrap() == before), (15, true), "{option}: {refused:?}");
        assert!(refused.stdout.contains("main: STOPPED") && refused.stdout.contains("warning:"), "{option}: {refused:?}");
        pipe(&at("pipe"));
        std::os::unix::fs::symlink(&own, at("link")).unwrap();
        for (name, word) in [("pipe", "pipe"), ("link", "link")] {
            let refused = run(&at(name));
            assert!(refused.code == 15 && refused.stdout.contains(word), "{option} {name}: {refused:?}");
        }
        assert!(at("pipe").symlink_metadata().unwrap().file_type().is_fifo());
        assert!(at("link").symlink_metadata().unwrap().is_symlink());
        std::fs::remove_file(at("pipe")).unwrap();
        std::fs::remove_file(at("link")).unwrap();
        let shown = home.run(&["doctor", "--offline", option, "-"]);
        assert!(shown.stdout.contains(&std::fs::read_to_string(&own).unwrap()[..9]), "{option}: {shown:?}");
    }
}

#[test]
fn a_file_that_cannot_be_written_swallows_no_finding() {
    let home = with_file("open.txt");
    let outcome = home.run(&["doctor", "--offline", "--junit", "/nonexistent/x.xml"]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stdout.contains("open.txt") && outcome.stdout.contains("/nonexistent/x.xml"), "{outcome:?}");
    let outcome = home.run(&["doctor", "--offline", "--fail-on", "never", "--junit", "/nonexistent/x.xml"]);
    assert!(outcome.code != 0 && outcome.stdout.contains("open.txt"), "{outcome:?}");
}

#[test]
fn whoever_names_a_file_says_nothing_in_the_name_of_the_doctor() {
    let home = with_file("a\n::error::forged\nnext: rm -rf x");
    for more in [&[][..], &["--github"][..]] {
        let outcome = home.run(&[&["doctor", "--offline"], more].concat());
        assert!(outcome.stdout.contains("forged"), "{outcome:?}");
        let forged = |line: &&str| line.starts_with("::error::forged") || line.starts_with("next: rm");
        assert_eq!(outcome.stdout.lines().find(forged), None, "{outcome:?}");
    }
}

#[test]
fn the_remedy_for_a_file_is_one_command_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a`$(touch PWNED)`b", "two  words", "line\nbreak", "quote'd"] {
        let home = with_file(name);
        let path = folder.path().join(format!("{}.md", name.len()));
        assert_eq!(home.run(&["doctor", "--offline", "--markdown", path.to_str().unwrap()]).code, 3);
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix("- mend: ")).unwrap();
        let fence: String = line.chars().take_while(|c| *c == '`').collect();
        let command = line.strip_prefix(&fence).and_then(|rest| rest.strip_suffix(&fence)).unwrap();
        let output = std::process::Command::new("bash").args(["-c", command]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        assert!(!folder.path().join("PWNED").exists(), "{command}");
        assert_eq!(home.run(&["doctor", "--offline"]).code, 0, "{command} mended {name:?}");
    }
}

#[test]
fn a_watch_ends_when_nobody_reads_it_any_more() {
    let home = with_file("open.txt");
    let mut command = home.command(&["doctor", "--offline", "--watch=1s"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    assert!(!line.is_empty());
    // As `head -1` does.
    drop(reader);
    for _ in 0..600 {
        if child.try_wait().unwrap().is_some() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("it goes on for nobody");
}

#[test]
fn annotations_are_written_to_whoever_asked_for_them() {
    let home = with_file("open.txt");
    let quiet = home.run(&["doctor", "--offline", "--quiet", "--github"]);
    assert!(quiet.stdout.lines().any(|line| line.starts_with("::error ")), "{quiet:?}");
    let json = home.run(&["doctor", "--offline", "--format", "json", "--github"]);
    assert!(json.stdout.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{json:?}");
    assert!(json.stderr.lines().any(|line| line.starts_with("::error ")), "{json:?}");
}
