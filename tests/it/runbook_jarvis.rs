//! The runbooks of Jarvis, run against a double of its application and stand-ins for its programs: each
//! passes, and deviates when one thing is broken.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::doubles::{Asked, Behaviour, Jarvis, Reply, ago};
use crate::gateway_verbs::Bench;
use crate::runbook_stage::{Ran, Stage, Tools, folder};

const TOKEN: &str = "jarvis-token-for-tests";
const USER: &str = "user-token-for-tests";

/// The application with what its runbooks ask of it, after its public source.
struct App {
    jarvis: Jarvis,
    lockdown: bool,
    /// Whether it says yes to a lockdown and stays as it is.
    stuck: bool,
    restarting: bool,
    /// Newer versions take everybody for the admin.
    one_role: bool,
    bugs: Vec<Value>,
    /// Whether bugs reach GitHub.
    syncs: bool,
    conflicts: u64,
    origin: String,
    /// How often it was asked whether it is ready.
    asked_ready: u32,
    /// As long as this file is there, nothing answers.
    down_while: PathBuf,
    database: PathBuf,
    /// Whether a schedule is dispatched twice for one due time.
    twice: bool,
    enabled: Value,
    revoked: bool,
    /// What approving an update writes where.
    applied: Option<(PathBuf, String)>,
}

impl App {
    fn answer_admin(&mut self, asked: &Asked) -> Option<Reply> {
        let ok = |body: Value| Some(Reply::json(200, &body));
        let parts = asked.parts();
        let path = self.database.clone();
        let database = || rusqlite::Connection::open(&path).unwrap();
        match (asked.method.as_str(), &parts[2..]) {
            ("POST", ["system", "lockdown"]) => {
                if !self.stuck {
                    self.lockdown = asked.body["lockdown"] == true;
                }
                ok(json!({"ok": true, "system": {"lockdown": u8::from(self.lockdown), "restarting": 0}}))
            }
            ("GET", ["permissions"] | ["selfupdate", "patches"]) => ok(json!({"items": []})),
            ("GET", ["system", "status"]) => {
                let system = json!({"lockdown": u8::from(self.lockdown), "restarting": u8::from(self.restarting)});
                ok(json!({"time": ago(0), "system": system, "scheduler": {"backlog": 0}}))
            }
            ("GET", ["memory", "state", "review", "conflicts"]) => {
                let item =
                    json!({"id": "q1", "uid": "mem_1", "thread_id": "thr_1", "agent_id": "main", "reason": "contradiction"});
                ok(json!({"items": vec![item; usize::try_from(self.conflicts).unwrap()]}))
            }
            ("POST", ["memory", "state", "review", uid, "resolve"]) => {
                // As it is: true for every uid, whether there is one or not.
                let sql = "UPDATE memory_review_queue SET status = 'resolved' WHERE uid = ?1 AND status = 'open'";
                database().execute(sql, [uid]).unwrap();
                ok(json!({"ok": true, "uid": uid}))
            }
            ("GET", ["memory", "state", "consistency", "report"]) => ok(json!({"items": []})),
            ("POST", ["bugs"]) => {
                let mut bug = asked.body.clone();
                bug["id"] = json!("bug_1");
                let error = if self.syncs { Value::Null } else { json!("bad credentials") };
                (bug["github_sync_error"], bug["github_issue_number"]) = (error, Value::Null);
                if self.syncs {
                    bug["github_issue_number"] = json!(7);
                    bug["github_issue_url"] = json!("https://github.example/o/r/issues/7");
                    bug["github_synced_at"] = json!(ago(0));
                }
                self.bugs.push(bug);
                ok(json!({"id": "bug_1"}))
            }
            ("GET", ["bugs"]) => ok(json!({"items": self.bugs, "total": self.bugs.len()})),
            ("DELETE", ["bugs", _]) => {
                self.bugs.clear();
                ok(json!({"ok": true}))
            }
            ("POST", ["schedules"]) => {
                let second = if self.twice { 1 } else { 2 };
                let sql = "INSERT INTO schedule_dispatches VALUES ('sch_1', ?1, 'now')";
                database().execute(sql, [1]).unwrap();
                database().execute(sql, [second]).unwrap();
                ok(json!({"id": "sch_1"}))
            }
            ("GET", ["schedules", "sch_1", "dispatches"]) => {
                let item = json!({"schedule_id": "sch_1", "due_at": ago(0), "dispatched_at": ago(0)});
                ok(json!({"items": [item, item]}))
            }
            ("PATCH", ["schedules", "sch_1"]) => {
                self.enabled = asked.body["enabled"].clone();
                ok(json!({"ok": true}))
            }
            ("GET", ["selfupdate", "patches", "trc_1"]) => ok(json!({"trace_id": "trc_1"})),
            ("GET", ["selfupdate", "patches", "trc_1", "checks"]) => ok(json!({"items": []})),
            ("GET", ["selfupdate", "patches", "trc_1", "timeline"]) => ok(json!({"transitions": [], "checks": []})),
            ("POST", ["selfupdate", "patches", "trc_1", "approve"]) => {
                if let Some((file, state)) = self.applied.take() {
                    std::fs::write(file, state).unwrap();
                }
                ok(json!({"approval_id": "apr_1", "action": "selfupdate.apply"}))
            }
            ("POST", ["approvals", "apr_1", "revoke"]) => {
                self.revoked = true;
                ok(json!({"ok": true}))
            }
            _ => None,
        }
    }
}

impl Behaviour for App {
    fn answer(&mut self, asked: &Asked) -> Reply {
        if self.down_while.exists() {
            return Reply::json(502, &json!({"detail": "Bad Gateway"}));
        }
        let line = asked.line();
        if line == "GET /readyz" {
            self.asked_ready += 1;
            // The third answer in a row that it is not ready.
            self.lockdown |= !self.jarvis.ready && self.asked_ready >= 3;
        }
        if asked.method == "OPTIONS" {
            let allowed = asked.header("origin") == self.origin;
            return Reply { status: if allowed { 200 } else { 400 }, headers: Vec::new(), body: b"OK".to_vec() };
        }
        if line == "GET /metrics" {
            let text = b"memory_items_count 3\n".to_vec();
            return Reply { status: 200, headers: Vec::new(), body: text };
        }
        if ["/login", "/chat", "/admin/memory"].contains(&asked.path.as_str()) {
            return Reply { status: 200, headers: Vec::new(), body: b"<!doctype html>".to_vec() };
        }
        let bearer = asked.header("authorization");
        let admin = bearer == format!("Bearer {TOKEN}");
        if asked.path.starts_with("/api/v1/") {
            let user = bearer == format!("Bearer {USER}");
            if line == "GET /api/v1/auth/me" && (admin || user) {
                return Reply::json(200, &json!({"user_id": "usr_1"}));
            }
            if user && !self.one_role {
                return Reply::json(403, &json!({"detail": "forbidden"}));
            }
            if (admin || user)
                && let Some(reply) = self.answer_admin(asked)
            {
                return reply;
            }
        }
        self.jarvis.answer(asked)
    }
}

/// The application, its plugin, its checkout and its programs.
struct Scene {
    bench: Bench<App>,
    tools: Tools,
    checkout: PathBuf,
    database: PathBuf,
    _kept: tempfile::TempDir,
}

const ENV: &str = "MAINTENANCE_ENABLED=1\nMAINTENANCE_INTERVAL_SECONDS=300\nMAINTENANCE_COMMANDS=make lint\n\
    GITHUB_ISSUE_SYNC_ENABLED=1\nGITHUB_ISSUE_SYNC_REPO=owner/repo\nWHATSAPP_MEDIA_DIR=media\nWHATSAPP_MEDIA_MAX_BYTES=1000\n\
    WHATSAPP_MEDIA_ALLOWED_MIME_PREFIXES=image/\nWHATSAPP_MEDIA_ALLOWED_HOSTS=media.example\nWHATSAPP_VOICE_TRANSCRIBE_ENABLED=1\n\
    WHATSAPP_VOICE_TRANSCRIBE_BACKEND=stub\nMEMORY_TIERS_ENABLED=1\nGOOGLE_OAUTH_CLIENT_SECRET=new-google-one\n\
    GOOGLE_OAUTH_REFRESH_TOKEN=new-google-two\nGITHUB_TOKEN=new-github-one\nGITHUB_WEBHOOK_SECRET=new-github-two\n\
    WHATSAPP_WEBHOOK_SECRET=new-whatsapp-one\n";

const TABLES: &str = "CREATE TABLE whatsapp_media (id TEXT);
    CREATE TABLE memory_review_queue (uid TEXT, status TEXT);
    INSERT INTO memory_review_queue VALUES ('mem_1', 'open'), ('mem_2', 'open');
    CREATE TABLE schedule_dispatches (schedule_id TEXT, due_at, dispatched_at TEXT);
    CREATE TABLE notes (text TEXT);";

impl Scene {
    fn new() -> Scene {
        let files = [
            (".env", ENV),
            ("Makefile", "all:\n"),
            ("pyproject.toml", "\n"),
            ("media/.keep", ""),
            ("web/package.json", "{}"),
            ("web/node_modules/.keep", ""),
            ("docs/release-checklist.md", "- [x] all\n"),
            ("patches/trc_1/state.json", r#"{"state": "tested"}"#),
        ];
        let (kept, checkout) = folder(&files);
        let database = checkout.join("app.db");
        rusqlite::Connection::open(&database).unwrap().execute_batch(TABLES).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(checkout.join(".env"), private).unwrap();
        let app = App {
            jarvis: Jarvis::well(),
            lockdown: false,
            stuck: false,
            restarting: false,
            one_role: false,
            bugs: Vec::new(),
            syncs: true,
            conflicts: 0,
            origin: String::new(),
            asked_ready: 0,
            down_while: checkout.join("down"),
            database: database.clone(),
            twice: false,
            enabled: Value::Null,
            revoked: false,
            applied: None,
        };
        // Application and sidecar answer at one address.
        let bench = Bench::new("jarvis", "sidecar_url = \"{url}\"", Some(("jarvis-token", TOKEN)), app);
        let tools = Tools::new(&["make", "uv", "systemctl", "npm", "docker", "node", "python3"]);
        tools.does("uv", "echo '{\"enabled\": true}'");
        Scene { bench, tools, checkout, database, _kept: kept }
    }

    fn stage(&self) -> Stage<'_> {
        Stage::default().tools(&self.tools)
    }

    /// What most of them are told.
    fn told(&self) -> Stage<'_> {
        self.stage().set("url", self.bench.double.url()).secret("token", TOKEN)
    }

    fn checkout(&self) -> String {
        self.checkout.display().to_string()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.checkout.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes a file that is closed to others.
    fn write(&self, name: &str, content: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(self.checkout.join(name), content).unwrap();
        std::fs::set_permissions(self.checkout.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, App> {
        self.bench.double.state()
    }
}

/// One row: a runbook, how it is told what it wants, and what is broken.
struct Row {
    id: &'static str,
    stage: for<'a> fn(&'a Scene) -> Stage<'a>,
    broken: fn(&Scene),
}

const fn row(id: &'static str, stage: for<'a> fn(&'a Scene) -> Stage<'a>, broken: fn(&Scene)) -> Row {
    Row { id, stage, broken }
}

const ROWS: &[Row] = &[
    row(
        "jarvis-start",
        |scene| {
            scene.stage().set("url", scene.bench.double.url()).set("checkout", scene.checkout()).set("unit", "jarvis-api.service")
        },
        |scene| scene.state().jarvis.ready = false,
    ),
    row(
        "jarvis-start",
        |scene| scene.stage().set("url", scene.bench.double.url()).set("checkout", scene.checkout()),
        |scene| scene.tools.does("make", "case \"$*\" in *migrate) exit 2;; esac"),
    ),
    row(
        "jarvis-maintenance",
        |scene| scene.told().set("checkout", scene.checkout()),
        |scene| scene.tools.does("uv", "case \"$*\" in *'maintenance run') exit 1;; esac; echo '{}'"),
    ),
    row("jarvis-github-sync", |scene| scene.told().set("checkout", scene.checkout()), |scene| scene.state().syncs = false),
    row(
        "jarvis-web-install",
        |scene| scene.stage().set("checkout", scene.checkout()),
        |scene| {
            scene.tools.does("make", "exit 1");
            scene.tools.does("npm", "case \"$1\" in install) exit 1;; esac");
        },
    ),
    row(
        "jarvis-web-ui",
        |scene| {
            scene.state().origin = scene.bench.double.url();
            scene.stage().set("url", scene.bench.double.url()).set("web", scene.bench.double.url())
        },
        |_| {},
    ),
    row("jarvis-restart", |scene| scene.told().set("checkout", scene.checkout()), |scene| scene.tools.does("uv", "exit 1")),
    row(
        "jarvis-lockdown",
        |scene| scene.told().set("checkout", scene.checkout()).set("act", "lock"),
        |scene| scene.state().stuck = true,
    ),
    row(
        "jarvis-lockdown",
        |scene| {
            scene.state().lockdown = true;
            scene.told().set("checkout", scene.checkout()).set("act", "lift")
        },
        |scene| scene.tools.does("uv", "exit 1"),
    ),
    row(
        "jarvis-rbac",
        |scene| {
            let stage = scene.stage().set("url", scene.bench.double.url()).set("checkout", scene.checkout());
            stage.secret("admin_token", TOKEN).secret("user_token", USER)
        },
        |scene| scene.state().one_role = true,
    ),
    row("jarvis-memory-review", Scene::told, |scene| scene.state().conflicts = 2),
    row(
        "jarvis-memory-conflicts",
        |scene| {
            scene.state().conflicts = 2;
            let stage = scene.told().set("database", scene.database.display().to_string());
            stage.set("uid", "mem_1").set("resolution", "the newer one is right")
        },
        |scene| {
            // It says `ok` and resolves nothing.
            let elsewhere = scene.checkout.join("elsewhere.db");
            rusqlite::Connection::open(&elsewhere).unwrap().execute_batch(TABLES).unwrap();
            scene.state().database = elsewhere;
        },
    ),
    row(
        "jarvis-media",
        |scene| scene.told().set("checkout", scene.checkout()).set("database", scene.database.display().to_string()),
        |scene| scene.state().jarvis.degraded("media_host_denied", 60_000),
    ),
    row("jarvis-decision-tree", Scene::stage, |scene| scene.state().jarvis.waiting = 3),
    row("jarvis-outage-evidence", |scene| scene.stage().set("checkout", scene.checkout()), |scene| scene.write("down", "")),
    row(
        "jarvis-scheduler",
        |scene| scene.told().set("database", scene.database.display().to_string()),
        |scene| scene.state().twice = true,
    ),
    row(
        "jarvis-setup-smoke",
        |scene| scene.stage().set("checkout", scene.checkout()).set("ports", "running"),
        |scene| scene.tools.does("make", "exit 2"),
    ),
    row(
        "jarvis-secret-rotation",
        |scene| {
            scene.write("before", &ENV.replace("=new-", "=old-"));
            let before = scene.checkout.join("before").display().to_string();
            scene.told().set("checkout", scene.checkout()).set("before", before)
        },
        // One of the five was forgotten.
        |scene| scene.write(".env", &ENV.replace("GITHUB_TOKEN=new-", "GITHUB_TOKEN=old-")),
    ),
];

fn run(row: &Row, broken: bool) -> (Scene, Ran) {
    let scene = Scene::new();
    let stage = (row.stage)(&scene);
    let ran = if broken {
        (row.broken)(&scene);
        stage.run_hurried(&scene.bench.home, row.id)
    } else {
        stage.run(&scene.bench.home, row.id)
    };
    drop(stage);
    (scene, ran)
}

#[test]
fn each_passes_on_a_jarvis_that_is_well() {
    let not_so: Vec<String> = ROWS.iter().filter_map(|row| run(row, false).1.other_than(0, row.id)).collect();
    assert!(not_so.is_empty(), "{}", not_so.join("\n\n"));
}

#[test]
fn each_deviates_when_one_thing_is_broken() {
    // Of the web interface, the test below.
    let rows = ROWS.iter().filter(|row| row.id != "jarvis-web-ui");
    let not_so: Vec<String> = rows.filter_map(|row| run(row, true).1.other_than(4, row.id)).collect();
    assert!(not_so.is_empty(), "{}", not_so.join("\n\n"));
}

#[test]
fn an_origin_that_may_not_call_is_found() {
    let scene = Scene::new();
    scene.state().origin = "http://elsewhere.example".into();
    let stage = scene.stage().set("url", scene.bench.double.url()).set("web", scene.bench.double.url());
    stage.run_hurried(&scene.bench.home, "jarvis-web-ui").deviates("jarvis-web-ui");
}

/// The third answer in a row that it is not ready is a lockdown: no runbook asks so often, whatever
/// becomes of it.
#[test]
fn no_runbook_causes_a_lockdown_by_asking() {
    let mut asked = 0;
    for row in ROWS {
        let scene = Scene::new();
        scene.state().jarvis.ready = false;
        let before = scene.state().lockdown;
        let stage = (row.stage)(&scene);
        let lifted = row.id == "jarvis-lockdown";
        stage.run_hurried(&scene.bench.home, row.id);
        drop(stage);
        let state = scene.state();
        assert!(state.asked_ready < 3, "{} asked {} times", row.id, state.asked_ready);
        assert!(lifted || state.lockdown == before, "{}", row.id);
        asked += state.asked_ready;
    }
    assert!(asked > 2, "{asked}");
}

#[test]
fn the_evidence_of_a_rotation_has_its_names_and_no_value() {
    let row = ROWS.iter().find(|row| row.id == "jarvis-secret-rotation").unwrap();
    let (scene, ran) = run(row, false);
    ran.passes(row.id);
    let folder = scene.checkout.join("docs/reports/ops");
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let day: String = names[0].chars().filter(char::is_ascii_digit).take(8).collect();
    let ending = |ending: &str| format!("credential-rotation-{day}{ending}");
    assert_eq!(names, [ending("-SHA256SUMS"), ending("-env-diff.txt"), ending("-secret-scan.txt"), ending(".md")]);
    for name in &names {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(!text.is_empty() && !text.contains("old-") && !text.contains("new-"), "{name}: {text}");
    }
    let diff = std::fs::read_to_string(folder.join(&names[1])).unwrap();
    assert_eq!(diff.matches("rotated").count(), 5, "{diff}");
    // What was written meanwhile is gone.
    assert!(!scene.checkout.join("before.scan").exists() && !scene.checkout.join("before.doctor").exists());
    // Of two on one day, the one of this run is looked at: what an earlier one left is not its own.
    let scene = Scene::new();
    let stage = (row.stage)(&scene);
    let day = &wpp::clock::compact(wpp::clock::now())[..8];
    let folder = scene.checkout.join("docs/reports/ops");
    std::fs::create_dir_all(&folder).unwrap();
    for ending in [".md", "-env-diff.txt", "-secret-scan.txt"] {
        std::fs::write(folder.join(format!("credential-rotation-{day}{ending}")), ENV).unwrap();
    }
    stage.run(&scene.bench.home, row.id).passes(row.id);
    drop(stage);
    assert!(folder.join(format!("credential-rotation-{day}-2.md")).exists());
    // A scan that quotes what it found does not get into the evidence unnoticed.
    let scene = Scene::new();
    scene.tools.does("make", "case \"$*\" in *secret-scan) echo 'leak: old-github-one';; esac");
    let stage = (row.stage)(&scene);
    stage.run_hurried(&scene.bench.home, row.id).deviates(row.id);
}

#[test]
fn memory_goes_back_in_stages_and_forth_when_it_fails() {
    let id = "jarvis-memory-rollback";
    let notes = |database: &std::path::Path| -> String {
        rusqlite::Connection::open(database).unwrap().query_row("SELECT text FROM notes", [], |row| row.get(0)).unwrap()
    };
    for (broken, left) in [(false, "from the snapshot"), (true, "as it was")] {
        let scene = Scene::new();
        let snapshot = scene.checkout.join("snapshot.db");
        for (path, text) in [(&scene.database, "as it was"), (&snapshot, "from the snapshot")] {
            let connection = rusqlite::Connection::open(path).unwrap();
            if path == &snapshot {
                connection.execute_batch(TABLES).unwrap();
            }
            connection.execute("INSERT INTO notes VALUES (?1)", [text]).unwrap();
        }
        let stage = scene.told().set("checkout", scene.checkout()).set("database", scene.database.display().to_string());
        let stage = stage.set("snapshot", snapshot.display().to_string());
        if broken {
            scene.tools.does("make", "exit 1");
            stage.run_hurried(&scene.bench.home, id).deviates(id);
        } else {
            stage.run(&scene.bench.home, id).passes(id);
        }
        drop(stage);
        assert_eq!(notes(&scene.database), left);
        let env = scene.file(".env");
        let on = |name: &str| env.lines().any(|line| line == format!("{name}=1"));
        assert!(on("MAINTENANCE_ENABLED") && on("MEMORY_TIERS_ENABLED"), "{env}");
        assert_eq!(on("MEMORY_REVIEW_QUEUE_ENABLED"), !broken, "{env}");
        let restarts = scene.tools.log().iter().filter(|line| line.contains("systemctl restart")).count();
        assert_eq!(restarts, if broken { 0 } else { 3 });
        assert!(scene.tools.log().iter().rfind(|line| line.contains("systemctl")).unwrap().contains("start"));
    }
    // A snapshot that is no database changes nothing.
    let scene = Scene::new();
    scene.write("snapshot.db", "BACKUP");
    let stage = scene.told().set("checkout", scene.checkout()).set("database", scene.database.display().to_string());
    let stage = stage.set("snapshot", scene.checkout.join("snapshot.db").display().to_string());
    stage.run_hurried(&scene.bench.home, id).is_skipped(id);
    assert!(scene.tools.log().is_empty());
}

#[test]
fn an_update_is_approved_and_the_approval_taken_back_when_it_fails() {
    let id = "jarvis-self-update";
    for state in ["verified", "rolled_back"] {
        let scene = Scene::new();
        let file = scene.checkout.join("patches/trc_1/state.json");
        let patches = scene.checkout.join("patches").display().to_string();
        let stage = scene.told().set("trace", "trc_1").set("patches", patches);
        // It is applied once it was approved.
        scene.state().applied = Some((file, format!(r#"{{"state": "{state}"}}"#)));
        let ran = stage.run_hurried(&scene.bench.home, id);
        if state == "verified" {
            ran.passes(id)
        } else {
            ran.deviates(id)
        }
        assert_eq!(scene.state().revoked, state != "verified");
    }
}

#[test]
fn a_deployment_that_does_not_answer_goes_back() {
    let id = "jarvis-deploy";
    let git = |scene: &Scene, words: &[&str]| {
        let output = std::process::Command::new("git").arg("-C").arg(&scene.checkout).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    for broken in [false, true] {
        let scene = Scene::new();
        git(&scene, &["init", "--quiet"]);
        scene.write(".gitignore", "app.db*\ndown\n");
        let deploy = scene.checkout.join("deploy");
        std::fs::create_dir(&deploy).unwrap();
        for name in ["install-systemd.sh", "healthcheck.sh"] {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::write(
                deploy.join(name),
                if broken && name == "healthcheck.sh" { "#!/bin/sh\nexit 1\n" } else { "#!/bin/sh\n" },
            )
            .unwrap();
            std::fs::set_permissions(deploy.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        git(&scene, &["add", "--all"]);
        git(&scene, &[&identity[..], &["commit", "--quiet", "-m", "one"]].concat());
        let before = git(&scene, &["rev-parse", "HEAD"]);
        git(&scene, &[&identity[..], &["commit", "--quiet", "--allow-empty", "-m", "two"]].concat());
        git(&scene, &["tag", "v2"]);
        git(&scene, &["checkout", "--quiet", "--detach", &before]);
        let released = git(&scene, &["rev-parse", "v2"]);
        let stage = scene.stage().set("url", scene.bench.double.url()).set("checkout", scene.checkout()).set("ref", "v2");
        let stage = stage.set("database", scene.database.display().to_string());
        if broken {
            stage.run_hurried(&scene.bench.home, id).deviates(id);
        } else {
            stage.run(&scene.bench.home, id).passes(id);
        }
        drop(stage);
        assert_eq!(git(&scene, &["rev-parse", "HEAD"]), if broken { before } else { released });
        assert!(scene.checkout.join("app.db.pre-deploy").exists());
    }
}

#[test]
fn a_release_has_evidence_that_nobody_changed() {
    let id = "jarvis-release-evidence";
    let scene = Scene::new();
    let stage = || scene.stage().set("url", scene.bench.double.url()).set("checkout", scene.checkout());
    // A run leaves some.
    scene.stage().run(&scene.bench.home, "jarvis-decision-tree").passes("jarvis-decision-tree");
    stage().run(&scene.bench.home, id).passes(id);
    stage().no("lines").run_hurried(&scene.bench.home, id).deviates(id);
    scene.state().jarvis.enabled = false;
    stage().run_hurried(&scene.bench.home, id).deviates(id);
}

#[test]
fn who_is_no_admin_locks_nothing_down() {
    let scene = Scene::new();
    let stage = scene
        .stage()
        .set("url", scene.bench.double.url())
        .set("checkout", scene.checkout())
        .set("act", "lock")
        .secret("token", USER);
    stage.run_hurried(&scene.bench.home, "jarvis-lockdown").is_skipped("jarvis-lockdown");
    assert!(!scene.state().lockdown);
}
