//! The runbooks of OpenWA, run against its double: each passes, and deviates when one thing is broken.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::doubles::{Double, OPENWA_SESSION, OPENWA_WEBHOOK, OpenWa};
use crate::gateway_verbs::Bench;
use crate::postgres::{Cluster, PASSWORD};
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
fn with_state() -> (Bench<OpenWa>, tempfile::TempDir, PathBuf) {
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
    let stage = |project: &Path, unpacked: &Path| {
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
    assert!(!Path::new(&format!("{}/*/openwa.db", unpacked.display())).exists());
}

/// A set that `wpp backup --channel` makes of this server, laid out as `wpp restore --set` does.
fn laid_out(bench: &Bench<OpenWa>, place: &Path) -> PathBuf {
    let (sets, unpacked) = (place.join("sets"), place.join("unpacked"));
    std::fs::create_dir_all(&sets).unwrap();
    let (code, report) = bench.home.json(&["backup", "--channel", "openwa", "--to", sets.to_str().unwrap()]);
    assert_eq!((code, &report["data"]["complete"]), (0, &json!(true)), "{report}");
    let set = report["data"]["path"].as_str().unwrap().to_owned();
    let outcome = bench.home.run(&["restore", "--set", &set, "--into", unpacked.to_str().unwrap()]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    unpacked
}

#[test]
fn restore_of_what_a_backup_of_the_channel_holds() {
    let id = "openwa-restore";
    let (bench, _kept, project) = with_state();
    let tools = Tools::new(&["docker"]);
    std::fs::create_dir_all(project.join("data/media")).unwrap();
    std::fs::write(project.join("data/media/picture.jpg"), "a picture").unwrap();
    let place = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    let unpacked = laid_out(&bench, place.path());
    // What happens to the server afterwards.
    let rows = || {
        let database = rusqlite::Connection::open(project.join("data/openwa.sqlite")).unwrap();
        database.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let lose = || {
        let database = rusqlite::Connection::open(project.join("data/openwa.sqlite")).unwrap();
        database.execute_batch("INSERT INTO sessions VALUES ('lost'), ('too')").unwrap();
        std::fs::remove_dir_all(project.join("data/sessions")).unwrap();
    };
    lose();
    let stage = || {
        let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("project", project.display().to_string());
        stage.set("unpacked", unpacked.display().to_string())
    };
    stage().run(&bench.home, id).passes(id);
    assert_eq!(rows(), 1);
    let keys = std::fs::read_to_string(project.join("data/sessions/main/creds.json")).unwrap();
    assert_eq!(keys, r#"{"noiseKey": 1}"#);
    assert_eq!(std::fs::read_to_string(project.join("data/media/picture.jpg")).unwrap(), "a picture");
    let owner = |path: &str| std::fs::metadata(project.join(path)).map(|seen| (seen.uid(), seen.gid())).unwrap();
    assert_eq!(owner("data/sessions/main/creds.json"), owner("data.before-restore"));
    // As long as that is there, nothing else is put aside, and nothing is harmed.
    stage().run_hurried(&bench.home, id).is_skipped(id);
    assert_eq!(rows(), 1);
    // A key of before that the restored database does not know is no reason to take the restore back.
    std::fs::remove_dir_all(project.join("data.before-restore")).unwrap();
    lose();
    bench.secret("openwa-key", "another-key");
    let ran = stage().run_hurried(&bench.home, id);
    ran.passes(id);
    assert!(ran.report["title"].as_str().unwrap().contains("does not accept the key"), "{}", ran.report);
    assert_eq!(rows(), 1);
}

#[test]
fn restore_of_a_database_of_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(9);
    let id = "openwa-restore";
    let (_kept, project) = folder(&[("data/sessions/main/creds.json", r#"{"noiseKey": 1}"#)]);
    let settings = format!(
        "memory_max_mb = 1000\n[dump.openwa]\nroot = {project:?}\n\
         parts = [{{ kind = 'postgres', role = 'app', url = {:?}, secret = 'openwa-postgres', must_hold = ['users'] }}]\n",
        cluster.address("gateway")
    );
    let bench = Bench::new("openwa", &settings, Some(("openwa-key", KEY)), OpenWa::well());
    bench.secret("openwa-postgres", PASSWORD);
    let place = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    let unpacked = laid_out(&bench, place.path());
    // What runs in the container is run here, against the server of this test.
    let tools = Tools::new(&["docker"]);
    let programs = cluster.client("psql");
    let programs = Path::new(programs.get_program()).parent().unwrap().to_owned();
    let inside = format!(
        "case \"$*\" in *' exec -T postgres '*)\n  while [ \"$1\" != postgres ]; do shift; done; shift\n  \
         PATH='{}':$PATH PGHOST='{}' PGPASSWORD='{PASSWORD}' exec \"$@\";;\nesac",
        programs.display(),
        cluster.socket().display()
    );
    tools.does("docker", &inside);
    let stage = |dump: &str| {
        let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("project", project.display().to_string());
        let stage = stage.set("unpacked", unpacked.display().to_string()).set("dump", dump.to_owned());
        stage.set("database", "gateway").set("database_user", "app")
    };
    let dump = unpacked.join("postgres/database.dump").display().to_string();
    let users = |database: &str| cluster.sql(database, "select count(*) from users");
    let databases = || cluster.sql("postgres", "select count(*) from pg_database where datname like 'gateway_%'");
    // One that has a dump is not restored without it.
    stage("none").run_hurried(&bench.home, id).is_skipped(id);
    cluster.sql("gateway", "truncate users cascade");
    stage(&dump).run(&bench.home, id).passes(id);
    assert_eq!((users("gateway").as_str(), databases().as_str()), ("9", "1"));
    assert_eq!(cluster.sql("gateway", "select has_table_privilege('read-only', 'users', 'select')"), "t");
    // The server does not come up with it: the database that was there comes back, whatever earlier runs left.
    std::fs::remove_dir_all(project.join("data.before-restore")).unwrap();
    cluster.sql("gateway", "delete from sales; delete from users where id > 4");
    let up = project.join("data.before-restore");
    let fails = format!("case \"$*\" in *' up --detach --wait') if [ -d '{}' ]; then exit 1; fi;; esac\n{inside}", up.display());
    tools.does("docker", &fails);
    stage(&dump).run_hurried(&bench.home, id).deviates(id);
    assert_eq!(users("gateway"), "4", "what was there is there again");
    assert_eq!(cluster.sql("postgres", "select count(*) from pg_database where datname like 'gateway_failed_%'"), "1");
    assert_eq!(users(&cluster.sql("postgres", "select datname from pg_database where datname like 'gateway_failed_%'")), "9");
    // A dump that is cut off changes nothing.
    let cut = unpacked.join("cut.dump");
    let bytes = std::fs::read(&dump).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    tools.does("docker", &inside);
    stage(cut.to_str().unwrap()).run_hurried(&bench.home, id).deviates(id);
    assert_eq!(users("gateway"), "4");
    assert!(project.join("data/sessions/main/creds.json").is_file() && !up.exists());
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
fn without_docker_the_server_is_asked_all_the_same_and_the_report_says_that_it_is_not_there() {
    const SAID: &str = "docker is not on PATH here";
    let id = "openwa-service-down";
    let (bench, tools) = (openwa(), Tools::new(&[]).without("docker"));
    // A server that answers is not taken for one that is down because of that.
    let stage = || Stage::default().tools(&tools).set("url", bench.double.url()).set("project", "/");
    let well = stage().run_hurried(&bench.home, id);
    well.passes(id);
    assert!(well.report["title"].as_str().unwrap().contains(SAID), "{:#}", well.report);
    let (_kept, project) = folder(&[("down", "")]);
    bench.double.state().down_while = Some(project.join("down"));
    let down = stage().run_hurried(&bench.home, id);
    down.deviates(id);
    let steps = down.report["data"]["steps"].as_array().unwrap();
    let of = |step: &str| steps.iter().find(|done| done["id"] == step).unwrap_or_else(|| panic!("{step}: {steps:#?}"));
    assert_eq!(of("docker")["ended"], "inconclusive", "{steps:#?}");
    assert!(of("docker")["observed"].as_str().unwrap().contains(SAID), "{steps:#?}");
    assert_eq!((&of("look")["ended"], &of("restart")["ended"]), (&json!("skipped"), &json!("skipped")), "{steps:#?}");
    // Docker that is there and does not answer is not taken for one that did.
    let broken = Tools::new(&["docker"]);
    broken.does("docker", "echo 'cannot connect to the daemon' >&2; exit 1");
    let ran = Stage::default().tools(&broken).set("url", bench.double.url()).set("project", "/").run_hurried(&bench.home, id);
    let steps = ran.report["data"]["steps"].as_array().unwrap();
    let restart = steps.iter().find(|done| done["id"] == "restart").unwrap();
    assert!(restart["ended"] == "deviated" && restart["observed"].as_str().unwrap().contains("cannot connect"), "{steps:#?}");
}

#[test]
fn what_docker_alone_can_do_is_not_begun_without_it_and_the_report_says_why() {
    let (bench, tools) = (openwa(), Tools::new(&[]).without("docker"));
    let (_kept, project) = folder(&[
        ("docker-compose.yml", "image: registry/web:${IMAGE_TAG}\nimage: x:${OPENWA_VERSION}\n"),
        (".env", "IMAGE_TAG=new\nOPENWA_VERSION=1\n"),
    ]);
    let url = bench.double.url();
    let project = project.display().to_string();
    for (id, more) in [
        ("openwa-high-memory", &[("url", url.as_str()), ("project", project.as_str())][..]),
        ("openwa-scheduled-maintenance", &[("url", &url), ("project", &project)]),
        ("openwa-version-upgrade", &[("url", &url), ("project", &project), ("version", "2")]),
        ("openwa-restore", &[("url", &url), ("project", &project), ("unpacked", &project)]),
        ("baileys-image-rollback", &[("url", &url), ("project", &project), ("site", &url), ("tag", "1"), ("channel", "none")]),
        ("disk-space", &[("session", "main"), ("images", "prune")]),
    ] {
        let mut stage = Stage::default().tools(&tools).secret("api_key", "key-for-tests");
        for (name, value) in more {
            stage = stage.set(name, *value);
        }
        let ran = stage.run_hurried(&bench.home, id);
        let said = ran.report.to_string();
        assert_eq!(ran.report["data"]["verdict"], "inconclusive", "{id}: {:#}", ran.report);
        assert!(said.contains("docker is not on PATH here") && said.contains("before anything was begun"), "{id}: {said}");
    }
    assert!(tools.log().is_empty());
}

#[test]
fn a_plugin_or_a_key_that_is_not_set_up_takes_no_good_result_back() {
    // No plugin was added, so its sessions can never be looked at.
    let home = crate::harness::TestHome::sandbox();
    let site = Double::new(OpenWa::well());
    let baileys = Double::new(crate::doubles::Baileys::well());
    let (_kept, project) =
        folder(&[("docker-compose.yml", "image: registry/web:${IMAGE_TAG}\n"), (".env", "A=1\nIMAGE_TAG=new\n")]);
    let tools = Tools::new(&["docker"]);
    let id = "baileys-image-rollback";
    let stage = || {
        let stage = Stage::default().tools(&tools).set("url", baileys.url()).set("site", site.url()).set("tag", "20240418");
        stage.set("project", project.display().to_string())
    };
    let env = || std::fs::read_to_string(project.join(".env")).unwrap();
    // It is known before anything is begun.
    stage().run_hurried(&home, id).is_skipped(id);
    assert_eq!((env().as_str(), tools.log()), ("A=1\nIMAGE_TAG=new\n", Vec::new()));
    let ran = stage().set("channel", "none").run_hurried(&home, id);
    ran.passes(id);
    assert!(ran.report["title"].as_str().unwrap().contains("was not looked at"), "{}", ran.report);
    assert_eq!(env(), "A=1\nIMAGE_TAG=20240418\n");
    // A server that came back is not down because the key that wpp has is not accepted.
    let (bench, tools) = (openwa(), Tools::new(&["docker"]));
    bench.secret("openwa-key", "another-key");
    let stage = Stage::default().tools(&tools).set("url", bench.double.url()).set("project", "/");
    let ran = stage.run_hurried(&bench.home, "openwa-service-down");
    ran.passes("openwa-service-down");
    assert!(ran.report["title"].as_str().unwrap().contains("does not accept the key"), "{}", ran.report);
}
