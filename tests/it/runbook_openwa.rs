//! The runbooks of OpenWA, run against its double: each passes, and deviates when one thing is broken.

use serde_json::json;

use crate::doubles::{Double, OPENWA_SESSION, OPENWA_WEBHOOK, OpenWa};
use crate::gateway_verbs::Bench;
use crate::runbook_stage::{Stage, Tools, folder};

const KEY: &str = "owa-key-for-tests";

fn openwa() -> Bench<OpenWa> {
    Bench::new("openwa", "memory_max_mb = 1000", Some(("openwa-key", KEY)), OpenWa::well())
}

#[test]
fn service_down() {
    let id = "openwa-service-down";
    for remedy in ["restart", "recreate", "database"] {
        let (bench, tools) = (openwa(), Tools::new(&["docker"]));
        let (_kept, project) = folder(&[("docker-compose.yml", "services: {}\n")]);
        let down = project.join("down");
        std::fs::write(&down, "").unwrap();
        bench.double.state().down_while = Some(down.clone());
        tools.does(
            "docker",
            &format!("case \"$*\" in *' restart openwa'*|*' --no-deps openwa'*) rm -f '{}';; esac", down.display()),
        );
        let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("remedy", remedy);
        let stage = stage.set("project", project.display().to_string());
        stage.run(&bench.home, id).passes(id);
        let log = tools.log();
        let asked = |words: &str| log.iter().any(|line| line.contains(words));
        assert_eq!(asked("--force-recreate --no-deps openwa"), remedy == "recreate", "{log:?}");
        assert_eq!(asked("--wait --force-recreate postgres"), remedy == "database", "{log:?}");
        assert!(!asked(" down"), "{log:?}");
    }
    // A restart that helps nothing.
    let (bench, tools) = (openwa(), Tools::new(&["docker"]));
    let (_kept, project) = folder(&[("down", "")]);
    bench.double.state().down_while = Some(project.join("down"));
    let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("project", project.display().to_string());
    stage.run_hurried(&bench.home, id).deviates(id);
    // A server that answers is not restarted; one whose session is lost is not well.
    let (bench, tools) = (openwa(), Tools::new(&["docker"]));
    let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("project", project.display().to_string());
    stage.run(&bench.home, id).passes(id);
    assert!(!tools.log().iter().any(|line| line.contains(" restart ")), "{:?}", tools.log());
    bench.double.state().sessions[0]["status"] = json!("failed");
    stage.run_hurried(&bench.home, id).deviates(id);
}

#[test]
fn session_disconnected() {
    let id = "openwa-session-disconnected";
    let bench = openwa();
    bench.double.state().sessions[0]["status"] = json!("disconnected");
    bench.double.state().sessions[0]["engineLoaded"] = json!(false);
    let stage = Stage::default().set("session", "openwa:main");
    stage.run(&bench.home, id).passes(id);
    bench.double.state().way = vec!["failed"; 9];
    stage.run_hurried(&bench.home, id).deviates(id);
    // One that does not exist is nothing to restart.
    Stage::default().set("session", "openwa:nobody").run(&bench.home, id).is_skipped(id);
}

#[test]
fn high_memory() {
    let id = "openwa-high-memory";
    let (bench, tools) = (openwa(), Tools::new(&["docker"]));
    bench.double.state().session("11111111-2222-4333-8444-555555555555", "old", "ready")["phone"] = json!("628123456780");
    let url = bench.double.url();
    let stage = || Stage::default().tools(&tools).secret("api_key", KEY).set("url", url.clone()).set("project", "/");
    stage().run(&bench.home, id).passes(id);
    assert!(tools.log().iter().any(|line| line == "docker compose --project-directory / restart openwa"), "{:?}", tools.log());
    // A session that was stopped for it is started again when it did not help.
    bench.double.state().resident_mb = 900;
    stage().set("idle", "openwa:old").run_hurried(&bench.home, id).deviates(id);
    assert_eq!(bench.double.state().sessions[1]["status"], "ready");
    bench.double.state().resident_mb = 239;
    tools.does("docker", "exit 1");
    stage().run_hurried(&bench.home, id).deviates(id);
}

#[test]
fn webhook_failure() {
    let id = "openwa-webhook-failure";
    let bench = openwa();
    let receiver = format!("{}/receiver", bench.double.url());
    bench.double.state().webhooks[0]["url"] = json!(receiver);
    let stage = |receiver: &str| {
        let stage = Stage::default().secret("api_key", KEY).set("url", bench.double.url()).set("session_id", OPENWA_SESSION);
        stage.set("webhook", OPENWA_WEBHOOK).set("receiver", receiver)
    };
    stage(&receiver).run(&bench.home, id).passes(id);
    stage(&receiver).set("toggle", "toggle").run(&bench.home, id).passes(id);
    assert_eq!(bench.double.state().webhooks[0]["active"], true);
    // Given another address, it is delivered there.
    let moved = format!("{}/other", bench.double.url());
    stage(&receiver).set("new_url", &*moved).run(&bench.home, id).passes(id);
    assert_eq!(bench.double.state().webhooks[0]["url"], json!(moved));
    // A receiver that answers with an error, and an address that helps as little: the old one comes back.
    let (failing, worse) = (format!("{}/fail", bench.double.url()), format!("{}/more/fail", bench.double.url()));
    bench.double.state().webhooks[0]["url"] = json!(failing);
    stage(&failing).run_hurried(&bench.home, id).deviates(id);
    stage(&failing).set("new_url", &*worse).run_hurried(&bench.home, id).deviates(id);
    assert_eq!(bench.double.state().webhooks[0]["url"], json!(failing));
}

/// A server with its state in a folder: a database, and the keys of a session.
fn with_state() -> (Bench<OpenWa>, tempfile::TempDir, std::path::PathBuf) {
    let files = [
        ("data/sessions/main/creds.json", r#"{"noiseKey": 1}"#),
        ("docker-compose.yml", "image: openwa:${OPENWA_VERSION}\n"),
        (".env", "OPENWA_VERSION=0.23.0\nA=1\n"),
    ];
    let (kept, project) = folder(&files);
    let database = rusqlite::Connection::open(project.join("data/openwa.sqlite")).unwrap();
    database.execute_batch("CREATE TABLE sessions (id TEXT); INSERT INTO sessions VALUES ('a')").unwrap();
    let settings = format!("memory_max_mb = 1000\n[dump.openwa]\nroot = \"{}\"\n", project.display());
    (Bench::new("openwa", &settings, Some(("openwa-key", KEY)), OpenWa::well()), kept, project)
}

#[test]
fn database_backup() {
    let id = "openwa-database-backup";
    let (bench, _kept, project) = with_state();
    Stage::default().run(&bench.home, id).passes(id);
    // Without the keys, it is no backup.
    std::fs::remove_dir_all(project.join("data/sessions")).unwrap();
    Stage::default().run_hurried(&bench.home, id).deviates(id);
}

#[test]
fn scheduled_maintenance() {
    let id = "openwa-scheduled-maintenance";
    let (bench, _kept, project) = with_state();
    let tools = Tools::new(&["docker"]);
    let stage = || Stage::default().tools(&tools).set("url", bench.double.url()).set("project", project.display().to_string());
    stage().run(&bench.home, id).passes(id);
    // Work that is not done, and the server is up again all the same.
    stage().no("work").run_hurried(&bench.home, id).deviates(id);
    let log = tools.log();
    assert!(log.last().unwrap().ends_with(" up --detach --wait"), "{log:?}");
    assert_eq!(log.iter().filter(|line| line.ends_with(" stop")).count(), 2);
    // Without a backup nothing is stopped.
    std::fs::remove_dir_all(project.join("data/sessions")).unwrap();
    stage().run_hurried(&bench.home, id).deviates(id);
    assert_eq!(tools.log(), log);
}

#[test]
fn version_upgrade() {
    let id = "openwa-version-upgrade";
    let (bench, _kept, project) = with_state();
    let tools = Tools::new(&["docker"]);
    let stage = || {
        let stage = Stage::default().tools(&tools).secret("api_key", KEY).set("url", bench.double.url());
        stage.set("project", project.display().to_string())
    };
    let env = || std::fs::read_to_string(project.join(".env")).unwrap();
    stage().set("version", "0.23.1").run(&bench.home, id).passes(id);
    assert_eq!(env(), "A=1\nOPENWA_VERSION=0.23.1\n");
    // The version that comes up is another one: the old one is named again.
    stage().set("version", "0.24.0").run_hurried(&bench.home, id).deviates(id);
    assert_eq!(env(), "A=1\nOPENWA_VERSION=0.23.1\n");
    assert!(tools.log().last().unwrap().ends_with(" up --detach --wait openwa"), "{:?}", tools.log());
}

#[test]
fn restore() {
    let id = "openwa-restore";
    let (bench, tools) = (openwa(), Tools::new(&["docker"]));
    let stage = |project: &std::path::Path, unpacked: &std::path::Path| {
        let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("project", project.display().to_string());
        stage.set("unpacked", unpacked.display().to_string())
    };
    let (_one, unpacked) = folder(&[("data/openwa.db", "from the archive")]);
    let (_two, project) = folder(&[("data/openwa.db", "damaged"), ("data/openwa.db-wal", "of the damaged one")]);
    stage(&project, &unpacked).run(&bench.home, id).passes(id);
    assert_eq!(std::fs::read_to_string(project.join("data/openwa.db")).unwrap(), "from the archive");
    assert!(!project.join("data/openwa.db-wal").exists());
    assert_eq!(std::fs::read_to_string(project.join("data.before-restore/openwa.db")).unwrap(), "damaged");
    // The server does not come up with it: what was there comes back.
    let (_three, project) = folder(&[("data/openwa.db", "damaged")]);
    let up = project.join("data.before-restore");
    tools.does("docker", &format!("case \"$*\" in *' up '*) if [ -d '{}' ]; then exit 1; fi;; esac", up.display()));
    stage(&project, &unpacked).run_hurried(&bench.home, id).deviates(id);
    assert_eq!(std::fs::read_to_string(project.join("data/openwa.db")).unwrap(), "damaged");
    assert!(tools.log().last().unwrap().contains(" up "), "{:?}", tools.log());
    // An archive without data is none.
    let (_four, empty) = folder(&[("manifest.json", "{}")]);
    stage(&project, &empty).run_hurried(&bench.home, id).is_skipped(id);
    // What the source tests for, a star in quotes, would never have been there.
    assert!(!std::path::Path::new(&format!("{}/*/openwa.db", unpacked.display())).exists());
}

#[test]
fn capacity() {
    let id = "capacity";
    let (bench, tools) = (openwa(), Tools::new(&["docker"]));
    let url = bench.double.url();
    let stage = || Stage::default().tools(&tools).secret("api_key", KEY).set("url", url.clone());
    stage().run(&bench.home, id).passes(id);
    bench.double.state().resident_mb = 900;
    stage().run_hurried(&bench.home, id).deviates(id);
    bench.double.state().resident_mb = 239;
    stage().no("decided").run_hurried(&bench.home, id).deviates(id);
}

#[test]
fn image_rollback_leads_to_a_site_that_answers() {
    let id = "baileys-image-rollback";
    let site = Double::new(OpenWa::well());
    let bench = Bench::new("baileys", "", None, crate::doubles::Baileys::well());
    let files =
        [("docker-compose.yml", "services:\n  web:\n    image: registry/web:${IMAGE_TAG}\n"), (".env", "A=1\nIMAGE_TAG=new\n")];
    let (_kept, project) = folder(&files);
    let tools = Tools::new(&["docker"]);
    let stage = || {
        let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("site", site.url()).set("tag", "20240418");
        stage.set("project", project.display().to_string())
    };
    let env = || std::fs::read_to_string(project.join(".env")).unwrap();
    stage().run(&bench.home, id).passes(id);
    assert_eq!(env(), "A=1\nIMAGE_TAG=20240418\n");
    let log = tools.log();
    let at = |words: &str| log.iter().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {log:?}"));
    assert!(at(" pull web api worker baileys") < at(" up --detach web api worker baileys"));
    // A session that does not open again: the tag from before is named again.
    std::fs::write(project.join(".env"), "A=1\nIMAGE_TAG=new\n").unwrap();
    bench.double.state().sessions[0]["connection"] = json!("close");
    stage().run_hurried(&bench.home, id).deviates(id);
    assert_eq!(env(), "A=1\nIMAGE_TAG=new\n");
    // Images without a tag of their own leave nothing to go back to.
    std::fs::write(project.join("docker-compose.yml"), "IMAGE_TAG\nimage: registry/web:latest\n").unwrap();
    stage().run_hurried(&bench.home, id).is_skipped(id);
}

#[test]
fn without_docker_it_says_that_it_could_not_be_told() {
    let id = "openwa-service-down";
    let (bench, tools) = (openwa(), Tools::new(&["docker"]));
    // What the shell says of a program that is not there.
    tools.does("docker", "exit 127");
    let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("project", "/");
    stage.run_hurried(&bench.home, id).is_skipped(id);
}
