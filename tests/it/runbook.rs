//! `wpp runbook`: what a run does, what it takes back, and what a kill leaves.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Outcome, TestHome, is_running};
use crate::simulated::Simulated;

/// A runbook of the host with these blocks under its headings.
fn runbook(front: &str, prerequisites: &str, steps: &str, verification: &str, rollback: &str) -> String {
    format!(
        "---\nid: own\ntitle: Own\nkind: runbook\nseverity: low\nrespond_within: 1h\napplies_to: host\n{front}---\n\n\
         ## Trigger\n\nT.\n\n## Impact\n\nI.\n\n## Prerequisites\n\n{prerequisites}\n\n## Steps\n\n{steps}\n\n\
         ## Verification\n\n{verification}\n\n## Rollback\n\nNone.\n\n{rollback}\n"
    )
}

fn sh(info: &str, script: &str) -> String {
    format!("```sh {info}\n{script}\n```\n\n")
}

/// A sandbox home with one runbook of its own, and a folder that its scripts play with.
struct Stage {
    home: TestHome,
    place: PathBuf,
}

impl Stage {
    fn new(text: &str) -> Stage {
        let home = TestHome::sandbox();
        let place = home.path().join("place");
        std::fs::create_dir(&place).unwrap();
        std::fs::create_dir_all(home.path().join("runbooks")).unwrap();
        std::fs::write(home.path().join("runbooks/own.md"), text).unwrap();
        Stage { home, place }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<String> {
        let place = format!("place={}", self.place.display());
        ["runbook", "run", "own", "--yes", "--allow-shell", "--set", &place]
            .iter()
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    }

    fn run(&self, more: &[&str]) -> (i32, Value) {
        let arguments = self.arguments(more);
        self.home.json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Waits for a file that a script makes.
    fn until_there(&self, name: &str) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !self.path(name).exists() {
            assert!(std::time::Instant::now() < deadline, "the step did not begin");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// The ids of what was done, with how each ended.
    fn done(report: &Value) -> Vec<String> {
        let steps = report["data"]["steps"].as_array().expect("steps");
        steps
            .iter()
            .map(|step| {
                let purpose = match step["purpose"].as_str().unwrap() {
                    "turn" => "",
                    other => &format!("{other} "),
                };
                format!("{purpose}{} {}", step["id"].as_str().unwrap(), step["ended"].as_str().unwrap())
            })
            .collect()
    }
}

const PLACE: &str = "parameters:\n  place:\n    help: a folder\n    type: path\n";

/// Three steps that each make a file and are taken back by removing it; the steady state is an empty
/// folder.
fn three_files(verification: &str) -> String {
    files(&["one", "two", "three"], verification)
}

fn files(names: &[&str], verification: &str) -> String {
    let make = |name: &&str| {
        let step = sh(&format!("id=make-{name} undo=remove-{name}"), &format!("echo {name} > \"$place/{name}\""));
        step + &sh(&format!("id=remove-{name}"), &format!("rm -f \"$place/{name}\""))
    };
    runbook(PLACE, &sh("id=empty", "test -z \"$(ls \"$place\")\""), &names.iter().map(make).collect::<String>(), verification, "")
}

#[test]
fn a_run_looks_acts_verifies_and_leaves_evidence() {
    let stage = Stage::new(&three_files(&sh("id=verify", "test \"$(ls \"$place\" | wc -l)\" -eq 3")));
    let (code, report) = stage.run(&[]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (0, Some("pass")), "{report}");
    assert_eq!(
        Stage::done(&report),
        ["empty passed", "make-one passed", "make-two passed", "make-three passed", "verify passed"]
    );
    let evidence = Path::new(report["data"]["evidence"].as_str().unwrap());
    let kept: Value = serde_json::from_slice(&std::fs::read(evidence.join("run.json")).unwrap()).unwrap();
    assert_eq!(kept["data"]["run"], report["data"]["run"]);
    assert!(evidence.join("runbook.md").exists());
    for step in report["data"]["steps"].as_array().unwrap() {
        assert!(evidence.join(step["transcript"].as_str().unwrap()).exists(), "{step}");
    }
    // A folder that holds something becomes nobody's evidence.
    assert_eq!(
        stage.home.run(&["runbook", "run", "restart", "--yes", "--evidence", stage.home.path().to_str().unwrap()]).code,
        2
    );
    // A second run finds the steady state gone, and begins nothing.
    let (code, report) = stage.run(&[]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (5, Some("skipped")), "{report}");
    assert_eq!(Stage::done(&report), ["empty deviated"]);
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    assert_eq!(runs["data"]["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn what_began_is_taken_back_in_reverse_and_verified_again() {
    // Verified is what was not done.
    let verification = sh("id=verify", "test \"$(ls \"$place\" | wc -l)\" -eq 4");
    let stage = Stage::new(&three_files(&verification));
    let (code, report) = stage.run(&[]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (4, Some("deviated")), "{report}");
    let done = Stage::done(&report);
    assert_eq!(
        done[4..],
        [
            "verify deviated",
            "undo remove-three passed",
            "undo remove-two passed",
            "undo remove-one passed",
            "again verify deviated"
        ]
    );
    assert_eq!(report["data"]["verified_again"], false);
    assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 0);

    // A step in the middle fails: it began, so it is taken back too, and the third never began.
    let text = three_files(&verification).replace("echo two > \"$place/two\"", "touch \"$place/two\"\nexit 9");
    let stage = Stage::new(&text);
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 4, "{report}");
    assert_eq!(
        Stage::done(&report)[1..],
        ["make-one passed", "make-two deviated", "undo remove-two passed", "undo remove-one passed", "again verify deviated"]
    );
    assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 0);
}

#[test]
fn an_undo_that_fails_is_said_with_what_is_left_and_can_be_made_again() {
    let text = three_files(&sh("id=verify", "false"))
        .replace("rm -f \"$place/two\"", "test ! -e \"$place/stuck\"\nrm -f \"$place/two\"");
    let stage =
        Stage::new(&text.replace("echo three > \"$place/three\"", "echo three > \"$place/three\"; touch \"$place/stuck\""));
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 4, "{report}");
    assert_eq!(report["data"]["left"], serde_json::json!(["make-two"]));
    assert_eq!(report["data"]["open"], true);
    assert!(stage.path("two").exists() && !stage.path("one").exists() && !stage.path("three").exists());
    std::fs::remove_file(stage.path("stuck")).unwrap();
    let run = report["data"]["run"].as_str().unwrap();
    let (code, report) = stage.home.json(&["runbook", "undo", run]);
    assert_eq!((code, report["data"]["open"].as_bool()), (0, Some(false)), "{report}");
    assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 0);
    let again = stage.home.run(&["runbook", "undo", run]);
    assert_eq!(again.code, 2, "{again:?}");
}

#[test]
fn a_failure_that_a_later_step_handles_is_none() {
    let steps = sh("id=try", "false")
        + &sh("id=between", "touch \"$place/between\"")
        + &sh("id=mend when=failed(try)", "touch \"$place/mended\"")
        + &sh("id=after", "touch \"$place/after\"");
    let stage = Stage::new(&runbook(PLACE, "", &steps, &sh("id=verify", "test -e \"$place/mended\""), ""));
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(Stage::done(&report), ["try deviated", "between skipped", "mend passed", "after passed", "verify passed"]);
}

#[test]
fn a_rollback_is_run_after_a_failure_when_its_condition_holds() {
    let rollback = sh("id=clean", "touch \"$place/cleaned\"") + &sh("id=other when=failed(make)", "touch \"$place/other\"");
    let stage =
        Stage::new(&runbook(PLACE, "", &sh("id=make", "true"), &sh("id=verify", "test -e \"$place/cleaned\""), &rollback));
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 4, "{report}");
    assert_eq!(Stage::done(&report), ["make passed", "verify deviated", "clean passed", "other skipped", "again verify passed"]);
    assert_eq!(report["data"]["verified_again"], true);
}

#[test]
fn a_run_that_was_cut_off_before_anything_began_rolls_nothing_back() {
    let rollback = sh("id=clean", "touch \"$place/cleaned\"");
    let looks = sh("id=look", "test -e \"$place/go\" || kill -9 $PPID");
    let stage = Stage::new(&runbook(PLACE, &looks, &sh("id=make", "true"), &sh("id=verify", "true"), &rollback));
    let output = stage.home.command(&stage.arguments(&[]).iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    assert_eq!(output.status.code(), None, "{output:?}");
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    let run = runs["data"]["runs"][0]["run"].as_str().unwrap();
    let (code, report) = stage.home.json(&["runbook", "undo", run]);
    assert_eq!((code, report["data"]["open"].as_bool()), (0, Some(false)), "{report}");
    assert!(!stage.path("cleaned").exists());
}

#[test]
fn scripts_run_only_when_they_were_allowed() {
    let stage = Stage::new(&three_files(&sh("id=verify", "true")));
    let place = format!("place={}", stage.place.display());
    let refused = stage.home.run(&["runbook", "run", "own", "--yes", "--set", &place]);
    assert_eq!(refused.code, 15, "{refused:?}");
    assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 0);
    let (_, shown) = stage.home.json(&["runbook", "show", "own"]);
    let sha256 = shown["data"]["sha256"].as_str().unwrap();
    std::fs::write(stage.home.path().join("config.toml"), format!("[runbook]\nallow_shell = [\"{sha256}\"]\n")).unwrap();
    assert_eq!(stage.home.run(&["runbook", "run", "own", "--yes", "--set", &place]).code, 0);
    // A file that was edited since is another file.
    let path = stage.home.path().join("runbooks/own.md");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + "\nMore.\n").unwrap();
    assert_eq!(stage.home.run(&["runbook", "run", "own", "--yes", "--set", &place]).code, 15);
}

#[test]
fn a_plan_is_shown_and_nothing_is_done() {
    let stage = Stage::new(&three_files(&sh("id=verify", "true")));
    let place = format!("place={}", stage.place.display());
    let (code, plan) = stage.home.json(&["runbook", "run", "own", "--dry-run", "--set", &place]);
    assert_eq!((code, plan["data"]["blocks"].as_array().unwrap().len()), (0, 8), "{plan}");
    assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 0);
    assert!(!stage.home.path().join("ops.db").exists() && !stage.home.path().join("reports").exists());
    let missing = stage.home.run(&["runbook", "run", "own", "--dry-run"]);
    assert_eq!(missing.code, 2, "{missing:?}");
    assert!(missing.stderr.contains("--set place="), "{missing:?}");
    // Nobody is there to agree.
    assert_eq!(stage.home.run(&["runbook", "run", "own", "--allow-shell", "--set", &place]).code, 20);
}

#[test]
fn a_person_answers_in_advance_or_the_run_ends() {
    let steps = sh("id=make undo=remove", "touch \"$place/one\"")
        + &sh("id=remove", "rm -f \"$place/one\"")
        + "```manual id=sure\nAre you sure of {{place}}?\n```\n";
    let stage = Stage::new(&runbook(PLACE, "", &steps, &sh("id=verify", "test -e \"$place/one\""), ""));
    // How it is answered is said before it begins.
    let shown = stage.home.run(&["runbook", "show", "own"]);
    let (_, data) = stage.home.json(&["runbook", "show", "own"]);
    let answers: Vec<_> =
        data["data"]["blocks"].as_array().unwrap().iter().filter_map(|block| block["answer"].as_str()).collect();
    assert_eq!(answers, ["--answer sure=yes"]);
    assert!(data["next"].to_string().contains("own.md --answer sure=yes"), "{data}");
    assert!(shown.code == 0 && shown.stdout.starts_with("---\n"), "{shown:?}");
    let plan = stage.run(&["--dry-run"]).1;
    let blocks = plan["data"]["blocks"].as_array().unwrap();
    assert_eq!(blocks.iter().filter_map(|block| block["answer"].as_str()).collect::<Vec<_>>(), ["--answer sure=yes"], "{plan}");
    assert!(plan["sections"].to_string().contains("answered without a terminal by --answer sure=yes"), "{plan}");
    let (code, report) = stage.run(&["--answer", "sure=yes"]);
    assert_eq!(code, 0, "{report}");
    std::fs::remove_file(stage.path("one")).unwrap();
    let (code, report) = stage.run(&["--answer", "sure=no"]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (4, Some("deviated")), "{report}");
    assert!(!stage.path("one").exists());
    let (code, report) = stage.run(&[]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (20, Some("aborted")), "{report}");
    assert!(!stage.path("one").exists());
    assert_eq!(stage.home.run(&["runbook", "run", "own", "--yes", "--answer", "nothing=yes"]).code, 2);
}

#[test]
fn a_guard_is_looked_at_before_every_step() {
    let front = format!("{PLACE}guards: [not-live, not-locked-down]\n");
    let steps = sh("id=make undo=remove", "touch \"$place/one\" \"$WPP_HOME/LOCKDOWN\"")
        + &sh("id=remove", "rm -f \"$place/one\"")
        + &sh("id=next", "touch \"$place/next\"");
    let stage = Stage::new(&runbook(&front, "", &steps, &sh("id=verify", "true"), ""));
    let (code, report) = stage.run(&[]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (4, Some("aborted")), "{report}");
    assert!(report["data"]["cause"].as_str().unwrap().contains("locked down"), "{report}");
    assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 0);
    let (code, report) = stage.run(&[]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (5, Some("skipped")), "{report}");
}

#[test]
fn what_could_not_be_checked_is_inconclusive() {
    let stage = Stage::new(&runbook(PLACE, "", &sh("id=make", "no-such-program-here \"$place\""), &sh("id=verify", "true"), ""));
    let (code, report) = stage.run(&[]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (5, Some("inconclusive")), "{report}");
}

#[test]
fn command_lines_and_queries_are_run_and_what_they_answer_is_saved() {
    let steps = "```wpp id=look save=schema:$.schema,version:$.data.settings[0].key expect=\"$.schema==wpp.config/1; $.verdict==pass\"\nwpp config\n```\n\n\
        ```sql id=count on={{place}}/x.db expect=\"rows>=1; value==2\" save=rows\nSELECT count(*) FROM t WHERE name <> {{schema}}\n```\n\n\
        ```wpp id=use expect=\"exit=0; $.title~^Settings\"\nwpp config\n```\n";
    let verification = "```sql id=verify on={{place}}/x.db expect=\"value=={{rows}}\"\nSELECT count(*) FROM t\n```\n";
    let stage = Stage::new(&runbook(PLACE, "", &steps.replace(",version:$.data.settings[0].key", ""), verification, ""));
    let database = rusqlite::Connection::open(stage.path("x.db")).unwrap();
    database.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('a'), ('b');").unwrap();
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["data"]["values"]["schema"], "wpp.config/1");
    assert_eq!(report["data"]["values"]["rows"], "2");
    // The database was open for writing meanwhile, and nothing was left beside it once it is closed.
    drop(database);
    assert_eq!(stage.run(&[]).0, 0);
    assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 1);
    // A query that writes is refused.
    let broken = steps
        .replace(",version:$.data.settings[0].key", "")
        .replace("SELECT count(*) FROM t WHERE", "WITH x AS (SELECT 1) DELETE FROM t WHERE");
    std::fs::write(stage.home.path().join("runbooks/own.md"), runbook(PLACE, "", &broken, verification, "")).unwrap();
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 4, "{report}");
    assert!(report["data"]["cause"].as_str().unwrap().contains("only read"), "{report}");
}

/// Answers every request on a loopback port with this status and body, and keeps what was asked.
fn server(status: &'static str, body: &'static str) -> (String, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            // A test's request fits into what arrives before its body's last brace, or has no body.
            while !request.windows(4).any(|four| four == b"\r\n\r\n") || request.starts_with(b"POST") && !request.ends_with(b"}")
            {
                match stream.read(&mut buffer) {
                    Ok(count @ 1..) => request.extend_from_slice(&buffer[..count]),
                    _ => break,
                }
            }
            kept.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        }
    });
    (url, asked)
}

#[test]
fn a_secret_is_sent_and_stands_nowhere() {
    let (url, asked) = server("200 OK", "{\"status\": \"ok\", \"echo\": \"hush-hush\"}");
    let front =
        "parameters:\n  url:\n    help: address\n    type: url\n  key:\n    help: key\n    secret: true\n  text: a text\n";
    let steps = "```http id=send expect=\"status=200; $.status==ok\"\nPOST {{url}}/x/{{text}}\nX-API-Key: {{key}}\n\n{\"text\": \"{{text}}\"}\n```\n\n\
        ```sh id=print\necho \"the key is $key\"\n```\n";
    let text = runbook(front, "", steps, "```http id=verify\nGET {{url}}/y\n```\n", "");
    let home = TestHome::sandbox();
    std::fs::write(home.path().join("own.md"), text).unwrap();
    let file = home.path().join("own.md").display().to_string();
    let given = format!("url={url}");
    let arguments = [
        "runbook",
        "run",
        &file,
        "--yes",
        "--allow-shell",
        "--set",
        &given,
        "--set",
        "text=a \"b",
        "--secret",
        "key=env:OUR_KEY",
        "--format",
        "json",
    ];
    let outcome = Outcome::of(home.command(&arguments).env("OUR_KEY", "hush-hush").output().unwrap());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let asked = asked.lock().unwrap().join("\n");
    assert!(
        asked.contains("/x/a%20%22b ")
            && asked.to_lowercase().contains("x-api-key: hush-hush")
            && asked.contains("{\"text\": \"a \\\"b\"}"),
        "{asked}"
    );
    assert!(!outcome.stdout.contains("hush-hush") && !outcome.stderr.contains("hush-hush"), "{outcome:?}");
    assert!(outcome.stdout.contains("«key»") || outcome.stdout.contains("status 200"));
    let mut looked = 0;
    let mut folders = vec![home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                looked += 1;
                let bytes = std::fs::read(&path).unwrap();
                assert!(!bytes.windows(9).any(|nine| nine == b"hush-hush"), "{}", path.display());
            }
        }
    }
    assert!(looked > 5, "{looked}");
    let refused = home.run(&[
        "runbook",
        "run",
        &file,
        "--yes",
        "--allow-shell",
        "--set",
        &given,
        "--set",
        "text=x",
        "--set",
        "key=hush-hush",
    ]);
    assert_eq!(refused.code, 2, "{refused:?}");
    // A sandbox calls nobody but this machine.
    let away = ["runbook", "run", &file, "--yes", "--allow-shell", "--set", "url=http://192.0.2.1", "--set", "text=x"];
    let output = home.command(&away).env("WPP_SECRET_KEY", "hush-hush").output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
}

#[test]
fn postgresql_is_asked_and_cannot_be_written_to() {
    let Some(cluster) = crate::postgres::Cluster::start() else { return };
    let front = "parameters:\n  db:\n    help: database\n    type: url\n    secret: true\n  name: a name\n";
    let steps = "```sql id=ask on={{db}} expect=\"rows==2; value==1\" save=first\nSELECT x, {{name}} FROM generate_series(1, 2) AS x\n```\n";
    let write = "```sql id=write on={{db}}\nSELECT lo_create(4711)\n```\n";
    let verify = "```sql id=verify on={{db}} expect=\"value==0\"\nSELECT count(*) FROM pg_largeobject_metadata\n```\n";
    let address = cluster.address("postgres").replace("app@", &format!("app:{}@", crate::postgres::PASSWORD));
    let run = |text: &str, path: Option<&str>| {
        let home = TestHome::sandbox();
        std::fs::write(home.path().join("own.md"), text).unwrap();
        let file = home.path().join("own.md").display().to_string();
        let mut command = home.command(&[
            "runbook",
            "run",
            &file,
            "--yes",
            "--secret",
            "db=env:DB",
            "--set",
            "name=o'x; --",
            "--format",
            "json",
        ]);
        command.env("DB", &address);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let outcome = Outcome::of(command.output().unwrap());
        let report: Value = serde_json::from_str(outcome.stdout.lines().last().unwrap()).unwrap();
        (outcome.code, report)
    };
    let (code, report) = run(&runbook(front, "", steps, verify, ""), None);
    assert_eq!((code, report["data"]["values"]["first"].as_str()), (0, Some("1")), "{report}");
    // Some functions write although the transaction only reads; nothing of it stays.
    let (code, report) = run(&runbook(front, "", &format!("{steps}\n{write}"), verify, ""), None);
    assert_eq!(code, 0, "{report}");
    let write = write.replace("SELECT lo_create(4711)", "WITH x AS (SELECT 1) DELETE FROM pg_largeobject_metadata");
    let (code, report) = run(&runbook(front, "", &format!("{steps}\n{write}"), verify, ""), None);
    assert_eq!(code, 4, "{report}");
    assert!(report["data"]["cause"].as_str().unwrap().contains("cannot open DELETE query as cursor"), "{report}");
    let (code, report) = run(&runbook(front, "", steps, verify, ""), Some("/nowhere"));
    assert_eq!((code, report["data"]["verdict"].as_str()), (5, Some("inconclusive")), "{report}");
}

#[test]
fn a_step_is_tried_again_until_its_tries_are_used_up() {
    let steps = sh("id=third retries=3 every=1ms", "echo x >> \"$place/tries\"\ntest \"$(wc -l < \"$place/tries\")\" -eq 3");
    let stage = Stage::new(&runbook(PLACE, "", &steps, &sh("id=late timeout=50ms", "exec sleep 30"), ""));
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 4, "{report}");
    let steps = report["data"]["steps"].as_array().unwrap();
    assert_eq!((steps[0]["tries"].as_u64(), steps[0]["ended"].as_str()), (Some(3), Some("passed")), "{report}");
    assert!(steps[1]["observed"].as_str().unwrap().contains("did not end"), "{report}");
}

#[test]
fn a_kill_at_every_boundary_leaves_a_run_that_undo_takes_back() {
    // What an undo removes is taken back once more without harm.
    let verification = sh("id=verify", "test -z \"$(ls \"$place\")\" || test \"$(ls \"$place\" | wc -l)\" -eq 7");
    let text = files(&["one", "two", "three", "four", "five", "six", "seven"], &verification);
    let mut killed = 0;
    for number in 1.. {
        let stage = Stage::new(&text);
        let output = stage.killed_at(number);
        if output.status.success() {
            break;
        }
        assert_eq!(output.status.code(), None, "{output:?}");
        killed += 1;
        stage.takes_back(number);
        assert!(number < 400, "the run has no end");
    }
    assert!(killed >= 100, "{killed}");
}

impl Stage {
    /// A run that is killed at its boundary of that number, if it has so many.
    fn killed_at(&self, number: u32) -> std::process::Output {
        let arguments = self.arguments(&["--quiet"]);
        let mut command = self.home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        command.env("WPP_DISK_FAULT", format!("kill@{number}")).output().unwrap()
    }

    /// Takes back what a killed run left; the undo itself is killed at some point, too, and made again.
    fn takes_back(&self, number: u32) {
        let (_, runs) = self.home.json(&["runbook", "runs"]);
        let open: Vec<&Value> = runs["data"]["runs"].as_array().unwrap().iter().filter(|run| run["open"] == true).collect();
        for run in open {
            let run = run["run"].as_str().unwrap();
            // Of some, the undo is killed too.
            for at in [number % 23 + 1, number % 11 + 1].into_iter().filter(|_| number.is_multiple_of(4)) {
                let _ = self
                    .home
                    .command(&["runbook", "undo", run, "--quiet"])
                    .env("WPP_DISK_FAULT", format!("kill@{at}"))
                    .output()
                    .unwrap();
            }
            let last = self.home.run(&["runbook", "undo", run]);
            // It may be that the last kill came after its end.
            assert!([0, 2].contains(&last.code), "kill@{number}: {last:?}");
        }
        let (_, runs) = self.home.json(&["runbook", "runs"]);
        let closed = runs["data"]["runs"].as_array().unwrap().iter().all(|run| run["open"] == false);
        let left: Vec<_> = std::fs::read_dir(&self.place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        // A run that was killed after its last word has passed, and has its files.
        let passed = runs["data"]["runs"].as_array().unwrap().iter().any(|run| run["verdict"] == "pass");
        assert!(closed && (left.is_empty() || passed && left.len() == 7), "kill@{number}: {left:?} {runs}");
    }
}

/// A server on loopback that holds what is put to a path until it is deleted there, for as long as its thread lives.
fn keeper() -> (String, std::sync::Arc<std::sync::Mutex<std::collections::BTreeSet<String>>>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let held = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let kept = held.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let lines = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let lines: Vec<String> = lines.collect();
            let Some((method, path)) = lines.first().and_then(|line| line.split_once(' ')) else { continue };
            let path = path.split(' ').next().unwrap_or_default().to_owned();
            let mut held = kept.lock().unwrap();
            match method {
                "PUT" => drop(held.insert(path.clone())),
                "DELETE" => drop(held.remove(&path)),
                _ => {}
            }
            let body = format!("{{\"held\":{}}}", u8::from(held.contains(&path)));
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            // What is left of the request is taken in: closed before, the answer might not arrive.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(2)));
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    (url, held)
}

#[test]
fn a_kill_at_every_boundary_is_taken_back_by_undos_of_every_kind_and_verified_again() {
    let (url, held) = keeper();
    let file = |name: &str| {
        sh(&format!("id=make-{name} undo=remove-{name}"), &format!("echo {name} > \"$place/{name}\""))
            + &sh(&format!("id=remove-{name}"), &format!("rm -f \"$place/{name}\""))
    };
    let steps = [
        "```http id=put undo=delete\nPUT {{url}}\n```\n\n```http id=delete\nDELETE {{url}}\n```\n\n".to_owned(),
        file("one"),
        "```wpp id=clock undo=clock-right\nwpp drill inject clock-jump --by 5\n```\n\n".to_owned(),
        "```wpp id=clock-right\nwpp drill inject clock-jump --release\n```\n\n".to_owned(),
        sh("id=look undo=row-there", "true"),
        "```sql id=row-there on={{rows}} expect=\"value==2\"\nSELECT count(*) FROM t\n```\n\n".to_owned(),
        ["two", "three", "four", "five"].map(file).concat(),
    ];
    // All of it is there, or nothing is.
    let look = "```http id=held save=held:$.held\nGET {{url}}\n```\n\n";
    let count =
        "count=$(( $(ls \"$place\" | wc -l) + held ))\ntest ! -e \"$home/faults/clock-offset-ms\" || count=$((count + 1))\n";
    let front = format!("{PLACE}  url:\n    help: a server\n    type: url\n  rows:\n    help: a database\n    type: path\n");
    let steady = format!("{look}{}", sh("id=empty", &format!("{count}test $count -eq 0")));
    let verification = format!(
        "{}{}",
        look.replace("id=held", "id=held-after"),
        sh("id=verify", &format!("{count}test $count -eq 0 || test $count -eq 7"))
    );
    let text = runbook(&front, &steady, &steps.concat(), &verification, "");
    let (mut killed, mut verified) = (0, 0);
    for number in 1.. {
        assert!(number < 400, "the run has no end");
        let stage = Stage::new(&text);
        std::fs::create_dir_all(stage.home.session("main")).unwrap();
        let rows = stage.home.path().join("x.db");
        let database = rusqlite::Connection::open(&rows).unwrap();
        database.execute_batch("CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('a'), ('b');").unwrap();
        drop(database);
        let key = format!("/{killed}");
        let (own, rows) = (format!("url={url}{key}"), format!("rows={}", rows.display()));
        let arguments = stage.arguments(&["--set", &own, "--set", &rows, "--quiet"]);
        let mut command = stage.home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let output = command.env("WPP_DISK_FAULT", format!("kill@{number}")).output().unwrap();
        if output.status.success() {
            break;
        }
        assert_eq!(output.status.code(), None, "kill@{number}: {output:?}");
        killed += 1;
        let (_, runs) = stage.home.json(&["runbook", "runs"]);
        for run in runs["data"]["runs"].as_array().unwrap().iter().filter(|run| run["open"] == true) {
            let (code, report) = stage.home.json(&["runbook", "undo", run["run"].as_str().unwrap()]);
            assert_eq!((code, report["data"]["open"].as_bool()), (0, Some(false)), "kill@{number}: {report:#}");
            let done = Stage::done(&report);
            let undone = done.iter().any(|done| done.starts_with("undo "));
            let again: Vec<&String> = done.iter().filter(|done| done.starts_with("again ")).collect();
            let expected = if undone { Value::Bool(true) } else { Value::Null };
            assert_eq!(report["data"]["verified_again"], expected, "kill@{number}: {report:#}");
            if undone {
                // After the last undo, and not before.
                assert_eq!(again, ["again held-after passed", "again verify passed"], "kill@{number}: {report:#}");
                assert_eq!(&done[done.len() - 2..], ["again held-after passed", "again verify passed"]);
                let state: Value = serde_json::from_slice(
                    &std::fs::read(Path::new(report["data"]["evidence"].as_str().unwrap()).join("run.json")).unwrap(),
                )
                .unwrap();
                assert_eq!(state["data"]["verified_again"], true);
                verified += 1;
            }
            let files = std::fs::read_dir(&stage.place).unwrap().count();
            let clock = stage.home.path().join("faults/clock-offset-ms").exists();
            assert_eq!((files, clock, held.lock().unwrap().contains(&key)), (0, false, false), "kill@{number}: {report:#}");
        }
    }
    assert!(verified >= 100, "{verified} of {killed}");
}

#[test]
fn a_run_that_was_cut_off_is_resumed() {
    let text = three_files(&sh("id=verify", "test \"$(ls \"$place\" | wc -l)\" -eq 3"));
    let (mut resumed, mut number) = (0, 1);
    loop {
        let stage = Stage::new(&text);
        let output = stage.killed_at(number);
        if output.status.success() {
            break;
        }
        // A file that is edited, or gone, does not change a run under way.
        std::fs::remove_file(stage.home.path().join("runbooks/own.md")).unwrap();
        let (_, runs) = stage.home.json(&["runbook", "runs"]);
        for run in runs["data"]["runs"].as_array().unwrap().iter().filter(|run| run["open"] == true) {
            let (code, report) = stage.home.json(&["runbook", "resume", run["run"].as_str().unwrap()]);
            assert_eq!(code, 0, "kill@{number}: {report}");
            assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 3, "kill@{number}: {report}");
            resumed += 1;
        }
        number += 3;
    }
    assert!(resumed > 5, "{resumed}");
}

#[test]
fn a_step_that_cannot_be_taken_back_is_run_again_only_when_a_person_says_so() {
    let text = runbook(
        PLACE,
        "",
        &sh("id=once", "echo x >> \"$place/times\"\ntest -e \"$place/go\" || kill -9 $PPID"),
        &sh("id=verify", "test -e \"$place/times\""),
        "",
    );
    let stage = Stage::new(&text);
    let output = stage.home.command(&stage.arguments(&[]).iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    assert_eq!(output.status.code(), None, "{output:?}");
    std::fs::write(stage.path("go"), "").unwrap();
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    let run = runs["data"]["runs"][0]["run"].as_str().unwrap();
    assert_eq!(runs["data"]["runs"][0]["under_way"], "once");
    assert_eq!(stage.home.run(&["runbook", "resume", run]).code, 20);
    let (code, report) = stage.home.json(&["runbook", "resume", run, "--answer", "once=yes"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(std::fs::read_to_string(stage.path("times")).unwrap().lines().count(), 2);
}

#[test]
fn an_interrupt_and_a_terminal_that_goes_away_end_the_step_and_take_back_what_began() {
    ended_by(rustix::process::Signal::INT);
    // Under `nohup` it is ignored, by us and by whatever we start.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    if u64::from_str_radix(ignored.trim(), 16).unwrap() & 1 == 0 {
        ended_by(rustix::process::Signal::HUP);
    }
}

fn ended_by(signal: rustix::process::Signal) {
    let steps = sh("id=make undo=remove", "touch \"$place/one\"")
        + &sh("id=remove", "rm -f \"$place/one\"")
        + &sh("id=wait timeout=10m", "touch \"$place/waiting\"\nexec sleep 600");
    let stage = Stage::new(&runbook(PLACE, "", &steps, &sh("id=verify", "test ! -e \"$place/one\""), ""));
    let arguments = stage.arguments(&["--format", "json"]);
    let child = stage
        .home
        .command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    stage.until_there("waiting");
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 130, "{outcome:?}");
    let report: Value = serde_json::from_str(outcome.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        (report["data"]["verdict"].as_str(), report["data"]["verified_again"].as_bool()),
        (Some("aborted"), Some(true)),
        "{report}"
    );
    assert!(!stage.path("one").exists());
}

/// A script that outlives its run does nothing any more by the time that the run is said to be taken back.
#[test]
fn a_second_interrupt_leaves_at_once_and_says_what_is_left_and_who_finishes_it() {
    let signal = |child: &std::process::Child| {
        let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    };
    let steps = sh("id=make undo=remove", "touch \"$place/made\"\nsleep 60")
        + &sh("id=remove", "touch \"$place/undoing\"\nwhile test ! -e \"$place.go\"; do sleep 0.05; done\nrm -f \"$place\"/*");
    let stage = Stage::new(&runbook(PLACE, "", &steps, &sh("id=verify", "test -z \"$(ls \"$place\")\""), ""));
    let arguments = stage.arguments(&[]);
    let mut command = stage.home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    stage.until_there("made");
    signal(&child);
    // It is being taken back, and that takes its time.
    stage.until_there("undoing");
    signal(&child);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    let open = || {
        let (_, report) = stage.home.json(&["runbook", "runs"]);
        let runs = report["data"]["runs"].as_array().unwrap().clone();
        runs.iter().filter(|run| run["open"] == true).map(|run| run["run"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let run = open().remove(0);
    assert!(said.contains(&format!("`wpp runbook undo {run}` takes back")), "{said}");
    // What takes back goes on; an undo that was left is ended before it is made anew.
    std::fs::write(stage.place.with_extension("go"), "").unwrap();
    let (code, report) = stage.home.json(&["runbook", "undo", &run]);
    assert_eq!((code, &report["data"]["verified_again"]), (0, &Value::Bool(true)), "{report:#}");
    assert_eq!(std::fs::read_dir(&stage.place).unwrap().count(), 0);
    assert!(open().is_empty());
}

#[test]
fn a_script_whose_run_was_killed_is_ended_before_anything_is_taken_back() {
    let script = "echo $$ > \"$place/script\"; touch \"$place/waiting\"\n\
                  while ! test -e \"$place/go\"; do sleep 0.05; done\ntouch \"$place/acted\"";
    let steps = sh("id=act undo=back timeout=10m", script) + &sh("id=back", "touch \"$place/back\"; rm -f \"$place/acted\"");
    let stage = Stage::new(&runbook(PLACE, "", &steps, &sh("id=verify", "true"), ""));
    let arguments = stage.arguments(&[]);
    let mut child = stage
        .home
        .command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    stage.until_there("waiting");
    let script: i32 = std::fs::read_to_string(stage.path("script")).unwrap().trim().parse().unwrap();
    let script = rustix::process::Pid::from_raw(script).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(rustix::process::test_kill_process(script).is_ok(), "it goes on by itself");
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    let run = runs["data"]["runs"][0]["run"].as_str().unwrap();
    let (code, report) = stage.home.json(&["runbook", "undo", run]);
    assert!(code == 0 && stage.path("back").exists(), "{report}");
    std::fs::write(stage.path("go"), "").unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while is_running(script.as_raw_nonzero().get().unsigned_abs()) {
        assert!(std::time::Instant::now() < deadline, "the script goes on");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(!stage.path("acted").exists());
}

#[test]
fn what_never_acted_is_not_taken_back_and_an_undo_has_what_its_step_saved() {
    let back = sh("id=back", "touch \"$place/back\"");
    for (block, more) in [
        ("```manual id=act undo=back\nMay it?\n```\n\n", vec!["--answer", "act=no"]),
        ("```manual id=act undo=back\nMay it?\n```\n\n", vec![]),
        ("```http id=act undo=back\nGET http://192.0.2.1/\n```\n\n", vec![]),
        ("```sh id=say save=word\necho --help\n```\n\n```wpp id=act undo=back\nwpp search {{word}}\nwpp status\n```\n\n", vec![]),
    ] {
        let stage = Stage::new(&runbook(PLACE, "", &(block.to_owned() + &back), &sh("id=verify", "true"), ""));
        let (code, report) = stage.run(&more);
        assert!(code != 0 && !Stage::done(&report).iter().any(|done| done.starts_with("back")), "{block}: {report}");
        assert_eq!(report["data"]["undone"], serde_json::json!([]), "{block}");
    }
    let steps = sh("id=make save=made undo=remove", "echo \"$place/thing-7\" | tee \"$place/thing-7\"")
        + &sh("id=remove", "rm \"$made\"");
    let stage = Stage::new(&runbook(PLACE, "", &steps, &sh("id=verify", "test ! -e \"$place/thing-7\""), ""));
    let (code, report) = stage.run(&[]);
    assert_eq!((code, report["data"]["verified_again"].as_bool()), (4, Some(true)), "{report}");
    assert!(!stage.path("thing-7").exists());
}

#[test]
fn a_line_of_a_runbook_allows_no_scripts_and_a_runbook_that_runs_itself_ends() {
    let inner = runbook("", "", &sh("id=act", "touch acted"), &sh("id=verify", "true"), "").replace("id: own", "id: inner");
    let line = |line: &str| format!("```wpp id=act\n{line}\n```\n\n");
    let stage = Stage::new(&runbook(PLACE, "", &line("wpp runbook run inner --yes --allow-shell"), &sh("id=verify", "true"), ""));
    std::fs::write(stage.home.path().join("runbooks/inner.md"), inner).unwrap();
    let found = stage.home.run(&["runbook", "lint", "own"]);
    assert!(found.code == 3 && found.stdout.contains("cannot allow scripts"), "{found:?}");
    assert_ne!(stage.run(&[]).0, 0);
    assert!(!stage.home.path().join("acted").exists() && !Path::new("acted").exists());
    let steps = line("wpp runbook run own --yes --set place={{place}}");
    let stage = Stage::new(&runbook(PLACE, "", &steps, "```wpp id=verify\nwpp config\n```\n", ""));
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 4, "{report}");
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    let runs = runs["data"]["runs"].as_array().unwrap();
    assert!(runs.len() == 1 && runs[0]["open"] == false, "a run is at work on the same: {runs:?}");
    // On something else each time, it comes to the end of its depth.
    let steps = line("wpp runbook run own --yes --set place={{place}}/x");
    let stage = Stage::new(&runbook(PLACE, "", &steps, "```wpp id=verify\nwpp config\n```\n", ""));
    assert_eq!(stage.run(&[]).0, 4);
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    let runs = runs["data"]["runs"].as_array().unwrap();
    assert!((2..=9).contains(&runs.len()) && runs.iter().all(|run| run["open"] == false), "{runs:?}");
}

#[test]
fn a_row_of_another_version_keeps_nobody_from_running_and_is_told() {
    let stage = Stage::new(&three_files(&sh("id=verify", "true")));
    assert_eq!(stage.run(&[]).0, 0);
    let journal = rusqlite::Connection::open(stage.home.path().join("ops.db")).unwrap();
    let changed = journal.execute("UPDATE entry SET data = '{\"run\":\"own-1\"}' WHERE verb = 'runbook'", []).unwrap();
    assert_eq!(changed, 1);
    for name in ["one", "two", "three"] {
        std::fs::remove_file(stage.path(name)).unwrap();
    }
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 0, "{report}");
    let (code, runs) = stage.home.json(&["runbook", "runs"]);
    assert_eq!((code, runs["data"]["runs"].as_array().unwrap().len()), (0, 1), "{runs}");
    assert!(runs["warnings"][0].as_str().unwrap().contains("another version"), "{runs}");
}

#[test]
fn an_error_in_the_middle_of_a_run_names_the_run_that_is_open() {
    let stage = Stage::new(&three_files(&sh("id=verify", "true")));
    for number in 5..60 {
        let arguments = stage.arguments(&["--format", "json"]);
        let mut command = stage.home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let output = Outcome::of(command.env("WPP_DISK_FAULT", format!("full@{number}")).output().unwrap());
        let (_, runs) = stage.home.json(&["runbook", "runs"]);
        let open = runs["data"]["runs"].as_array().unwrap().iter().find(|run| run["open"] == true).cloned();
        let Some(open) = open else { continue };
        let run = open["run"].as_str().unwrap();
        assert!(output.code != 0 && output.stdout.contains(&format!("wpp runbook undo {run}")), "full@{number}: {output:?}");
        assert_eq!(stage.home.run(&["runbook", "undo", run]).code, 0);
        return;
    }
    panic!("no fault leaves a run open");
}

#[test]
fn a_run_that_somebody_works_on_is_left_to_them() {
    let stage = Stage::new(&runbook(
        PLACE,
        "",
        &sh("id=wait timeout=10m", "touch \"$place/waiting\"\nexec sleep 600"),
        &sh("id=verify", "true"),
        "",
    ));
    let mut child = stage
        .home
        .command(&stage.arguments(&[]).iter().map(String::as_str).collect::<Vec<_>>())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    stage.until_there("waiting");
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    let run = runs["data"]["runs"][0]["run"].as_str().unwrap().to_owned();
    assert_eq!(stage.home.run(&["runbook", "undo", &run]).code, 11);
    for more in [&[][..], &["--despite-open"]] {
        let (code, refused) = stage.run(more);
        assert!(code == 11 && refused.to_string().contains(&format!("{run} of own is at work")), "{code} {refused}");
    }
    // Another folder is another thing.
    let other = stage.home.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let given = format!("place={}", other.display());
    let beside = stage.home.run(&["runbook", "run", "own", "--allow-shell", "--set", &given]);
    assert_eq!(beside.code, 20, "it comes to the question: {beside:?}");
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn lint_exits_with_3_and_names_file_and_line() {
    let home = TestHome::live();
    let clean = home.run(&["runbook", "lint"]);
    assert_eq!(clean.code, 0, "{clean:?}");
    let made = home.run(&["runbook", "new", "mine"]);
    assert_eq!(made.code, 0, "{made:?}");
    let path = home.path().join("runbooks/mine.md");
    assert_eq!(home.run(&["runbook", "lint", "mine"]).code, 0);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("wpp outbound pause", "wpp outbound halt")).unwrap();
    let line = text.lines().position(|line| line.contains("outbound pause")).unwrap() + 1;
    let found = home.run(&["runbook", "lint", "mine"]);
    assert_eq!(found.code, 3, "{found:?}");
    assert!(found.stdout.contains(&format!("mine.md:{line}: error [command]")), "{found:?}");
    assert_eq!(home.run(&["runbook", "run", "mine", "--yes"]).code, 2);
    assert_eq!(home.run(&["runbook", "new", "restart"]).code, 2);
    assert_eq!(home.run(&["runbook", "show", "nothing"]).code, 2);
}

/// What each command writes, with every field that it can have.
pub fn documents() -> Vec<String> {
    let front = format!("{PLACE}source: here\nschedule: \"@every:60\"\n")
        .replace("parameters:\n", "parameters:\n  way:\n    help: which\n    type: choice\n    values: [a, b]\n    default: a\n");
    let steps = sh("id=make undo=remove", "touch \"$place/one\"")
        + &sh("id=remove", "rm -f \"$place/one\"")
        + &sh("id=no when=\"{{way}}==b\"", "true")
        + "```manual id=sure when=\"{{way}}==b\"\nAre you sure?\n```\n\n";
    let stage = Stage::new(&runbook(&front, "", &steps, &sh("id=verify", "false"), ""));
    let mut written = Vec::new();
    let mut run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        let outcome = stage.home.run(&all);
        written.push(outcome.stdout);
    };
    let place = format!("place={}", stage.place.display());
    run(&["runbook", "list"]);
    run(&["runbook", "show", "own"]);
    run(&["runbook", "run", "own", "--dry-run", "--set", &place]);
    let arguments = stage.arguments(&[]);
    run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let guarded = format!("{front}guards: [not-locked-down]\n");
    std::fs::write(
        stage.home.path().join("runbooks/own.md"),
        runbook(&guarded, "", &steps.replace("touch", "touch \"$WPP_HOME/LOCKDOWN\""), &sh("id=verify", "true"), ""),
    )
    .unwrap();
    run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let cut_off = steps.replace("touch \"$place/one\"", "kill -9 $PPID");
    std::fs::write(stage.home.path().join("runbooks/own.md"), runbook(&front, "", &cut_off, &sh("id=verify", "true"), ""))
        .unwrap();
    let _ = stage.home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    run(&["runbook", "runs"]);
    run(&["doctor", "--only", "wpp.runbook.open"]);
    run(&["runbook", "new", "other"]);
    std::fs::write(stage.home.path().join("runbooks/other.md"), "nothing").unwrap();
    run(&["runbook", "lint", "other"]);
    run(&["runbook", "show", "other"]);
    written
}

/// What the doctor says of open runs: severity, summary, and the remedy with its command.
fn open_runs(home: &TestHome) -> Vec<[String; 4]> {
    let (_, report) = home.json(&["doctor", "--only", "wpp.runbook.open", "--fail-on", "never"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let said = |finding: &Value| {
        let remedy = &finding["remedy"];
        [&finding["severity"], &finding["summary"], &remedy["summary"], &remedy["command"]].map(text)
    };
    report["findings"].as_array().unwrap().iter().map(said).collect()
}

/// A run that is killed in its second step; the first can be taken back.
fn killed_in_step() -> String {
    let steps = sh("id=make undo=remove", "touch \"$place/made\"")
        + &sh("id=remove", "rm -f \"$place/made\"")
        + &sh("id=die", "test -e \"$place/go\" || kill -9 $PPID");
    runbook(PLACE, "", &steps, &sh("id=verify", "true"), "")
}

#[test]
fn the_doctor_tells_of_a_run_that_nobody_works_on_until_it_is_taken_back() {
    let stage = Stage::new(&killed_in_step());
    assert_eq!(open_runs(&stage.home)[0][0], "ok");
    let arguments = stage.arguments(&[]);
    stage.home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    let run = runs["data"]["runs"][0]["run"].as_str().unwrap().to_owned();
    let [severity, summary, how, command] = open_runs(&stage.home).remove(0);
    assert_eq!(severity, "warning", "{summary}");
    assert!(summary.contains(&run) && summary.contains("cut off in die"), "{summary}");
    assert!(
        how.contains(&format!("runbook undo {run}")) && command.contains(&format!("runbook resume {run}")),
        "{how} {command}"
    );
    assert_eq!(stage.home.run(&["runbook", "undo", &run]).code, 0);
    assert_eq!(open_runs(&stage.home)[0][0], "ok");
}

#[test]
fn a_run_that_holds_back_what_goes_out_is_an_error_and_one_at_work_is_none() {
    let pause = "```wpp id=pause undo=resume\nwpp outbound pause --session main\n```\n\n\
                 ```wpp id=resume\nwpp outbound resume --session main\n```\n\n";
    let wait = sh("id=wait timeout=10m", "touch \"$place/waiting\"\nexec sleep 600");
    let simulated = Simulated::linked();
    let home = &simulated.home;
    let place = home.path().join("place");
    std::fs::create_dir(&place).unwrap();
    std::fs::create_dir_all(home.path().join("runbooks")).unwrap();
    let text = runbook(PLACE, "", &format!("{pause}{wait}"), &sh("id=verify", "true"), "");
    std::fs::write(home.path().join("runbooks/own.md"), text).unwrap();
    let given = format!("place={}", place.display());
    let mut child = home
        .command(&["runbook", "run", "own", "--yes", "--allow-shell", "--set", &given])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    simulated.until("the second step", || if place.join("waiting").exists() { Ok(()) } else { Err("it has not begun".into()) });
    assert_eq!(open_runs(home)[0][0], "ok", "somebody works on it");
    child.kill().unwrap();
    child.wait().unwrap();
    let [severity, summary, ..] = open_runs(home).remove(0);
    assert!(severity == "error" && summary.contains("what main sends is paused by it"), "{severity} {summary}");
    let (_, runs) = home.json(&["runbook", "runs"]);
    let run = runs["data"]["runs"][0]["run"].as_str().unwrap();
    // Without a daemon nothing takes the pause back, and nothing says that it was.
    assert_eq!(home.run(&["stop"]).code, 0);
    let outcome = home.run(&["runbook", "undo", run]);
    assert!(outcome.code == 4 && outcome.stdout.contains("left as it is"), "{outcome:?}");
    let listed = home.run(&["runbook", "runs"]).stdout;
    let listed = listed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(listed.contains("could not be taken back: pause") && !listed.contains("; taken back: pause"), "{listed}");
    let (_, runs) = home.json(&["runbook", "runs"]);
    let one = &runs["data"]["runs"][0];
    assert_eq!((&one["left"], &one["undone"]), (&serde_json::json!(["pause"]), &serde_json::json!([])), "{runs}");
    assert!(one["cause"].as_str().is_some_and(|cause| !cause.contains("and taken back")), "{runs}");
    assert_eq!(home.run(&["start"]).code, 0);
    // Its script outlived it, and is ended before anything is taken back.
    assert_eq!(home.run(&["runbook", "undo", run]).code, 0);
    assert_eq!(open_runs(home)[0][0], "ok");
    let listed = home.run(&["runbook", "runs"]).stdout;
    let listed = listed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(listed.contains("; taken back: pause") && !listed.contains("could not"), "{listed}");
}

#[test]
fn a_run_does_not_begin_beside_one_that_acted_and_was_cut_off() {
    let stage = Stage::new(&killed_in_step());
    let arguments = stage.arguments(&[]);
    stage.home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    let (_, runs) = stage.home.json(&["runbook", "runs"]);
    let run = runs["data"]["runs"][0]["run"].as_str().unwrap().to_owned();
    std::fs::write(stage.path("go"), "").unwrap();
    let (code, refused) = stage.run(&[]);
    let said = refused.to_string();
    assert_eq!(code, 11, "{said}");
    for part in [&run, "runbook resume", "runbook undo", "--despite-open"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // Whoever is to be refused is not asked first.
    let place = format!("place={}", stage.place.display());
    let unasked = stage.home.run(&["runbook", "run", "own", "--allow-shell", "--set", &place]);
    assert_eq!(unasked.code, 11, "{unasked:?}");
    assert_eq!(std::fs::read_dir(stage.home.path().join("reports")).unwrap().count(), 1, "nothing was begun");
    let (code, report) = stage.run(&["--despite-open"]);
    assert_eq!(code, 0, "{report}");
    assert!(report["warnings"][0].as_str().unwrap().contains(&format!("runbook undo {run}")), "{report}");
    assert_eq!(stage.home.run(&["runbook", "undo", &run]).code, 0);
    let (code, report) = stage.run(&[]);
    assert!(code == 0 && report["warnings"].as_array().is_none_or(Vec::is_empty), "{report}");
}

#[test]
fn a_run_begins_beside_one_that_was_cut_off_before_it_acted_and_says_so() {
    let stage = Stage::new(&runbook(
        PLACE,
        &sh("id=look", "test -e \"$place/go\" || kill -9 $PPID"),
        &sh("id=act", "true"),
        &sh("id=verify", "true"),
        "",
    ));
    let arguments = stage.arguments(&[]);
    stage.home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    std::fs::write(stage.path("go"), "").unwrap();
    let (code, report) = stage.run(&[]);
    assert_eq!(code, 0, "{report}");
    assert!(report["warnings"][0].as_str().unwrap().contains("before it acted"), "{report}");
}

/// Of several that begin at the same moment, one works.
#[test]
fn of_runs_that_begin_at_once_one_acts() {
    let act = "mkdir \"$place/one\"\nsleep 3\nrmdir \"$place/one\"";
    let stage = Stage::new(&runbook(PLACE, "", &sh("id=act", act), &sh("id=verify", "true"), ""));
    let arguments = stage.arguments(&["--quiet"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let children: Vec<_> =
        (0..4).map(|_| stage.home.command(&arguments).stdout(std::process::Stdio::null()).spawn().unwrap()).collect();
    let codes: Vec<i32> = children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap_or(-1)).collect();
    // One that came late may find the first one done.
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 11].contains(code)), "{codes:?}");
    assert_eq!(open_runs(&stage.home)[0][0], "ok");
}

/// What `new` writes runs as it is; and what it says after an undo is what was before.
#[test]
fn a_new_runbook_passes_as_it_is_and_is_as_before_after_an_undo() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    assert_eq!(home.run(&["runbook", "new", "mine"]).code, 0);
    assert_eq!(home.run(&["runbook", "lint", "mine"]).code, 0);
    let (code, report) = home.json(&["runbook", "run", "mine", "--yes"]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (0, Some("pass")), "{report:#}");
    let path = home.path().join("runbooks/mine.md");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("id=meanwhile expect=\"exit=0|13; $.data.outbound_paused==true\"", "id=meanwhile expect=\"exit=7\""),
    )
    .unwrap();
    let (code, report) = home.json(&["runbook", "run", "mine", "--yes"]);
    assert_eq!((code, report["data"]["verified_again"].as_bool()), (4, Some(true)), "{report:#}");
    assert_eq!(home.json(&["status"]).1["data"]["outbound_paused"], false);
    // One that looks for what a step did says that it is gone, and that this is no wonder.
    std::fs::write(
        &path,
        text.replace("outbound_paused==true", "no_such==1").replace(
            "retries=5 every=2s expect=\"exit=0|13; $.data.outbound_paused==false",
            "expect=\"$.data.outbound_paused==true",
        ),
    )
    .unwrap();
    let (code, report) = home.json(&["runbook", "run", "mine", "--yes"]);
    assert_eq!((code, report["data"]["verified_again"].as_bool()), (4, Some(false)), "{report:#}");
    let said = report.to_string();
    assert!(said.contains("as is to be expected") && said.contains("again verify"), "{said}");
}

#[test]
fn a_new_drill_passes_as_it_is() {
    let home = TestHome::live();
    assert_eq!(home.run(&["runbook", "new", "mine", "--drill"]).code, 0);
    assert_eq!(home.run(&["runbook", "lint", "mine"]).code, 0);
    let (code, report) = home.json(&["drill", "run", "mine"]);
    assert_eq!((code, report["data"]["outcome"].as_str()), (0, Some("pass")), "{report:#}");
}
