//! `wpp dump`: what dumps really are, and rehearsals on a server of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{TestHome, is_running};
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
    let cut = write("cut", &whole[..whole.len() * 2 / 3]);
    let (code, report) = place.rehearse(&[text(&cut), "--smoke", &smoke]);
    assert_eq!((code, report["verdict"].as_str()), (4, Some("fail")), "cut in the rows: {report}");
    assert!(!report["data"]["standing"]["look"].as_str().unwrap_or_default().is_empty(), "kept: {report}");
    // No server is wanted to see that there is no more than a beginning.
    for length in [5, 12, 60, 600] {
        let cut = write("cut", &whole[..length]);
        let (code, report) = place.rehearse(&[text(&cut), "--smoke", &smoke]);
        let seen = step(&report, "look at the dump")["observed"].as_str().unwrap().to_owned();
        assert!(code == 4 && seen.contains("cut off") && report["data"]["standing"].is_null(), "{length}: {report}");
        assert_eq!(place.home.run(&["dump", "check", text(&cut)]).code, 12, "{length}");
    }
    assert_eq!(place.home.run(&["dump", "check", text(&custom)]).code, 0);
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

#[test]
fn the_newest_dump_of_a_folder_or_a_store_is_rehearsed_and_an_old_one_is_told() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(7);
    let place = Place::new();
    let smoke = place.smoke();
    let folder = place.path("dumps");
    std::fs::create_dir(&folder).unwrap();
    let (code, report) = place.rehearse(&["--latest", text(&folder), "--smoke", &smoke]);
    let seen = step(&report, "find the newest dump")["observed"].as_str().unwrap().to_owned();
    assert!(code == 4 && seen.contains("there is no dump"), "{report}");
    // The names say nothing; the newest is the one that was written last.
    std::fs::write(folder.join("z-old.dump"), "a stub").unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(400_000);
    std::fs::File::options().write(true).open(folder.join("z-old.dump")).unwrap().set_modified(old).unwrap();
    let (code, report) = place.rehearse(&["--latest", text(&folder), "--younger-than", "26h", "--smoke", &smoke]);
    let found = step(&report, "find the newest dump");
    assert!(code == 4 && found["verdict"] == "fail" && found["observed"].as_str().unwrap().contains("4 d"), "{report}");
    cluster.dump("custom", &folder.join("a-new.dump"), &[]);
    let (code, report) = place.rehearse(&["--latest", text(&folder), "--younger-than", "26h", "--smoke", &smoke]);
    assert_eq!(code, 0, "{report}");
    assert!(report["data"]["dump"]["path"].as_str().unwrap().ends_with("a-new.dump"));

    // As the SPEC-1 service has them: a bucket with a prefix.
    let server = crate::objects::S3Server::start();
    let keys = server.keys(place.folder.path());
    let config = format!("[backup.s3]\nendpoint = {:?}\ncredentials_file = {keys:?}\nretry_ms = 3000\n", server.endpoint());
    let place = Place { home: TestHome::sandbox(), ..place };
    std::fs::write(place.home.path().join("config.toml"), config).unwrap();
    let bucket = server.bucket().join("spec-1");
    std::fs::create_dir_all(&bucket).unwrap();
    std::fs::copy(folder.join("a-new.dump"), bucket.join("daily.dump")).unwrap();
    let address = format!("s3://{}/spec-1", crate::objects::BUCKET);
    let (code, report) = place.rehearse(&["--latest", &address, "--smoke", &smoke]);
    assert_eq!(code, 0, "{report}");
    let left = || std::fs::read_dir(place.home.path().join("backups")).map(Iterator::count).unwrap_or(0);
    assert_eq!(left(), 0, "the downloaded dump goes with the rehearsal");
    std::fs::write(bucket.join("daily.dump"), "BACKUP_DAILY ok").unwrap();
    let (code, report) = place.rehearse(&["--latest", &address, "--smoke", &smoke]);
    assert!(code == 4 && step(&report, "look at the dump")["observed"].as_str().unwrap().contains("stub"), "{report}");
    let kept = report["data"]["dump_kept"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "BACKUP_DAILY ok", "what failed is there to be looked at");
}

#[test]
fn a_dump_that_was_cut_off_is_told_in_every_format_and_a_whole_one_of_all_databases_is_restored() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(5000);
    let place = Place::new();
    let told = |path: &Path, name: &str| {
        let (code, report) = place.rehearse(&[text(path)]);
        let seen = step(&report, "look at the dump")["observed"].as_str().unwrap_or_default().to_owned();
        assert!(code == 4 && seen.contains("cut off"), "{name}: {report}");
    };
    let tar = place.path("tar");
    cluster.dump("tar", &tar, &[]);
    let whole = std::fs::read(&tar).unwrap();
    for (name, bytes) in [("rows", whole.len() / 2), ("end", whole.len() - 1024), ("block", whole.len() - 512)] {
        std::fs::write(place.path("cut.tar"), &whole[..bytes]).unwrap();
        told(&place.path("cut.tar"), name);
    }
    for compress in ["--compress=0", "--compress=6"] {
        let folder = place.path(compress);
        cluster.dump("directory", &folder, &[compress]);
        let rows = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let rows = rows.filter(|path| !path.ends_with("toc.dat")).max_by_key(|path| path.metadata().unwrap().len()).unwrap();
        let content = std::fs::read(&rows).unwrap();
        // At the end of a row.
        let half = content.iter().take(content.len() / 2).rposition(|byte| *byte == b'\n').unwrap_or(content.len() / 2) + 1;
        std::fs::write(&rows, &content[..half]).unwrap();
        told(&folder, compress);
    }
    // All databases, of which one has a name that is no bare word.
    cluster.sql("postgres", "create database \"my-app\"");
    let all = place.path("all.sql");
    cluster.dump_all(&all);
    let (code, report) = place.rehearse(&[text(&all), "--smoke", &place.smoke()]);
    assert_eq!(step(&report, "count what came back")["verdict"], "pass", "{report}");
    assert_eq!(report["data"]["tables"]["gateway/public.users"], 5000, "{report}");
    assert_eq!(step(&report, "ask: recent sales")["verdict"], "pass", "the one database with tables is asked: {code} {report}");
    let content = std::fs::read_to_string(&all).unwrap();
    // Behind a database that is whole, as when the disk was full then.
    let end = "-- PostgreSQL database dump complete\n--\n";
    for (number, (at, _)) in content.match_indices(end).enumerate() {
        std::fs::write(place.path("cut.sql"), &content[..at + end.len()]).unwrap();
        told(&place.path("cut.sql"), &format!("behind database {number}"));
    }
    cluster.sql("my-app", "create table entry as select 1 as one");
    cluster.dump_all(&all);
    let (code, report) = place.rehearse(&[text(&all), "--smoke", &place.smoke(), "--discard"]);
    assert!(code == 4 && step(&report, "ask: users")["observed"].as_str().unwrap().contains("gateway, my-app"), "{report}");
    std::fs::write(
        place.path("smoke.toml"),
        "database = 'my-app'\n[[query]]\nname = 'x'\nsql = 'select one from entry;'\nequals = '1'\n",
    )
    .unwrap();
    assert_eq!(place.rehearse(&[text(&all), "--smoke", &place.smoke()]).0, 0);
}

const PLAIN: &str = "--\n-- PostgreSQL database dump\n--\n\nBEFORE\nCREATE TABLE public.t (x integer);\n\
    COPY public.t (x) FROM stdin;\n1\n2\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n";

#[test]
fn a_dump_gives_no_orders_to_psql_and_what_its_sql_starts_ends_with_the_server() {
    use std::os::unix::fs::PermissionsExt;
    if Cluster::start().is_none() {
        return;
    }
    let place = Place::new();
    let open = short();
    std::fs::set_permissions(open.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let (seen, dump) = (open.path().join("seen"), place.path("plain.sql"));
    let rehearse = |before: &str| {
        std::fs::write(&dump, PLAIN.replace("BEFORE", before)).unwrap();
        place.rehearse(&[text(&dump), "--discard"])
    };
    let bang = format!("\\! id > {}", seen.display());
    for order in [
        bang.clone(),
        format!("\\unrestrict x\n{bang}\n\\restrict x"),
        format!("select 1 \\g {}", seen.display()),
        format!("select 1; \\copy (select 1) to {}", seen.display()),
        "\\connect 'host=127.0.0.1 port=5544 user=postgres dbname=live'".to_owned(),
        format!("select '{}'; {bang}", "x".repeat(100_000)),
        // A quote that ends elsewhere when a server is set so.
        format!("select set_config('standard_conforming_' || 'strings', 'off', false);\nselect 'a\\'' {bang} \n--'\n;"),
    ] {
        let (code, report) = rehearse(&order);
        assert!(code == 4 && !seen.exists(), "{order}: {report}");
    }
    // What the server itself may do, it does for an account without rights, and not for longer than it lives.
    let program = format!(
        "(id -un; env; setsid sleep 300 >/dev/null 2>&1 & echo pid $!; env -i setsid sleep 300 >/dev/null 2>&1 & echo pid $!) > {}",
        seen.display()
    );
    let (code, report) = rehearse(&format!("DO $$ BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''{program}'''; END $$;"));
    assert_eq!(code, 0, "{report}");
    let said = std::fs::read_to_string(&seen).unwrap();
    let pids: Vec<u32> = said.lines().filter_map(|line| line.strip_prefix("pid ")).map(|pid| pid.parse().unwrap()).collect();
    assert!(pids.len() == 2 && (cfg!(not(target_os = "linux")) || !pids.iter().any(|pid| is_running(*pid))), "{said}");
    if rustix::process::geteuid().is_root() {
        assert_eq!(said.lines().next(), Some("nobody"), "{said}");
    }
    assert!(!said.contains("HOME=/root") && !said.contains("WPP_HOME"), "{said}");
}

#[test]
fn a_question_is_one_statement_that_reads_whatever_it_says() {
    if Cluster::start().is_none() {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let open = short();
    std::fs::set_permissions(open.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let (seen, dump) = (open.path().join("seen"), place.path("plain.sql"));
    let function = "CREATE FUNCTION public.put() RETURNS int AS $$ INSERT INTO t VALUES (9) RETURNING x $$ LANGUAGE sql;";
    std::fs::write(&dump, PLAIN.replace("BEFORE\n", "").replace("COPY", &format!("{function}\nCOPY"))).unwrap();
    let bad = [
        "commit; begin read write; insert into t values (9); commit; select count(*) from t",
        "select 0; select 2",
        "insert into t values (9) returning 2",
        "with x as (insert into t values (9) returning x) select 2 from x",
        "select 2 from (select public.put()) x",
        "copy t to stdout",
        &format!("copy (select 1) to program 'id > {}'; select 2", seen.display()),
        &format!("copy (select 1) to program 'id > {}'", seen.display()),
        "select 2 from (select set_config('transaction_read_only', 'off', false)) x, (select public.put()) y",
        "select length(pg_read_file('/etc/passwd')) * 0 + 2",
        "set transaction read write",
        "select 2 $q$; drop table t; --",
    ];
    let mut smoke = String::new();
    for (number, sql) in bad.iter().enumerate() {
        smoke.push_str(&format!("[[query]]\nname = 'bad {number}'\nsql = {sql:?}\nequals = '2'\n"));
    }
    for (number, sql) in
        ["select count(*) from t", "values (2); -- two", "show server_encoding", "/* x */ table t order by x desc"]
            .iter()
            .enumerate()
    {
        smoke.push_str(&format!("[[query]]\nname = 'good {number}'\nsql = {sql:?}\nrows_min = 1\nrows_max = 2\n"));
    }
    smoke.push_str("[[query]]\nname = 'good last'\nsql = 'select count(*) from t'\nequals = '2'\n");
    std::fs::write(place.path("smoke.toml"), smoke).unwrap();
    let (code, report) = place.rehearse(&[text(&dump), "--smoke", &place.smoke(), "--discard"]);
    assert_eq!(code, 4, "{report}");
    for answer in report["data"]["queries"].as_array().unwrap() {
        let good = answer["name"].as_str().unwrap().starts_with("good");
        assert_eq!(answer["passed"], good, "{answer}");
    }
    assert_eq!(report["data"]["queries"].as_array().unwrap().len(), bad.len() + 5);
    assert!(!seen.exists());
}

#[test]
fn interrupted_at_any_moment_a_rehearsal_leaves_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(7);
    let place = Place::new();
    let dump = place.path("custom");
    cluster.dump("custom", &dump, &[]);
    let temporary = short();
    let slow = place.path("slow.toml");
    std::fs::write(&slow, "[[query]]\nname = 'slow'\nsql = 'select 1 from pg_sleep(600)'\nmin = 1\n").unwrap();
    let folders =
        || -> Vec<PathBuf> { std::fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect() };
    let moments = [
        "server.json",
        "data",
        "data/PG_VERSION",
        "data/global/pg_control",
        "data/base/1/PG_VERSION",
        "data/server.log",
        "data/postmaster.pid",
        "socket/.s.PGSQL.5432",
    ];
    for moment in moments {
        let mut command = place.home.command(&["dump", "rehearse", text(&dump), "--smoke", text(&slow)]);
        command.env("TMPDIR", temporary.path()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
        while folders().first().is_none_or(|folder| folder.join(moment).symlink_metadata().is_err()) {
            assert!(std::time::Instant::now() < deadline && child.try_wait().unwrap().is_none(), "{moment} never came");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let folder = folders().remove(0);
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert!(!child.wait().unwrap().success(), "{moment}");
        assert_eq!(folders(), [] as [PathBuf; 0], "{moment}");
        let mut processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let left = processes.find(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder)));
        assert!(left.is_none(), "{moment}: {left:?}");
    }
    // What an earlier version left: known, and held by nobody.
    let left = temporary.path().join("wpp-pg-left");
    std::fs::create_dir(&left).unwrap();
    std::fs::create_dir(left.join("data")).unwrap();
    std::fs::write(left.join("server.json"), r#"{"engine":"local","account":"","container":"","kept":false,"since":""}"#)
        .unwrap();
    let run = |arguments: &[&str]| {
        let output = place.home.command(arguments).env("TMPDIR", temporary.path()).output().unwrap();
        crate::harness::Outcome::of(output)
    };
    let listed = run(&["dump", "servers"]);
    assert!(listed.stdout.contains("wpp-pg-left"), "{listed:?}");
    assert_eq!(run(&["dump", "rehearse", text(&dump)]).code, 0);
    assert_eq!(folders(), [] as [PathBuf; 0]);
}

/// A stand-in for `docker` that writes down its arguments, and runs what a container would on a cluster.
fn docker(folder: &Path, cluster: &Cluster) -> PathBuf {
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$@\" >>{log}\n\
         case $1 in\n\
         run) [ -n \"$POSTGRES_PASSWORD\" ] || exit 125; echo 0123; exit 0 ;;\n\
         exec) shift; while [ \"$1\" = --interactive ] || [ \"$1\" = --env ]; do\n\
           if [ \"$1\" = --env ]; then export \"$2\"; shift; fi; shift; done; shift\n\
           [ \"$1\" = pg_isready ] && exit 0\n\
           export PGHOST={socket} PGUSER=app PGPASSWORD=${{PGPASSWORD:-{PASSWORD}}}; exec \"$@\" ;;\n\
         esac\n",
        log = folder.join("log").display(),
        socket = cluster.socket().display(),
    );
    let path = bin.join("docker");
    crate::harness::write_program(&path, &script);
    bin
}

#[test]
fn where_a_container_engine_runs_the_server_is_a_container_without_a_network() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(7);
    let place = Place::new();
    let dump = place.path("custom");
    cluster.dump("custom", &dump, &[]);
    cluster.sql("postgres", "create role wpp superuser");
    let bin = docker(place.folder.path(), &cluster);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let temporary = short();
    let mut command = place.home.command(&["dump", "rehearse", text(&dump), "--smoke", &place.smoke(), "--engine", "docker"]);
    let output = command.env("PATH", path).env("TMPDIR", temporary.path()).output().unwrap();
    let log = std::fs::read_to_string(place.path("log")).unwrap();
    assert!(output.status.success(), "{output:?}\n{log}");
    let first = log.lines().next().unwrap();
    for part in ["run --rm --detach --name wpp-pg-", "--network none", "--env POSTGRES_PASSWORD ", "postgres:16"] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let name = first.split("--name ").nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(log.lines().last().unwrap(), format!("rm --force --volumes {name}"), "{log}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    // Neither is there: that is no failure of the dump, and no success.
    let nothing = place.path("nothing");
    std::fs::create_dir(&nothing).unwrap();
    std::fs::write(place.home.path().join("config.toml"), format!("[postgres]\nfolder = {nothing:?}\n")).unwrap();
    let mut command = place.home.command(&["dump", "rehearse", text(&dump)]);
    let output = command.env("PATH", "/usr/bin:/bin").env("TMPDIR", temporary.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}

#[test]
fn in_a_container_whose_session_began_outside_a_rehearsal_ends_its_server() {
    let Some(cluster) = Cluster::start() else { return };
    let contained = |program: &std::ffi::OsStr| {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]).arg(program);
        command
    };
    let is = contained("true".as_ref()).output().is_ok_and(|output| output.status.success());
    if !crate::postgres::there("a space of processes of its own", is) {
        return;
    }
    cluster.fill(7);
    let place = Place::new();
    let dump = place.path("custom");
    cluster.dump("custom", &dump, &[]);
    let temporary = short();
    let plain = place.home.command(&["dump", "rehearse", text(&dump), "--smoke", &place.smoke(), "--discard"]);
    let mut command = contained(plain.get_program());
    command.args(plain.get_args()).envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.env("TMPDIR", temporary.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn what_a_killed_rehearsal_leaves_the_next_one_removes() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(7);
    let place = Place::new();
    let dump = place.path("custom");
    cluster.dump("custom", &dump, &[]);
    let temporary = short();
    // A question that takes long: the server is up and the rehearsal waits.
    let slow = place.path("slow.toml");
    std::fs::write(&slow, "[[query]]\nname = 'slow'\nsql = 'select 1 from pg_sleep(600)'\nmin = 1\n").unwrap();
    let run = |smoke: &Path| {
        let mut command = place.home.command(&["dump", "rehearse", text(&dump), "--smoke", text(smoke)]);
        command.env("TMPDIR", temporary.path()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command
    };
    let folders =
        || -> Vec<PathBuf> { std::fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect() };
    let mut child = run(&slow).spawn().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    let pid = loop {
        let found = folders().first().and_then(|folder| std::fs::read_to_string(folder.join("data/postmaster.pid")).ok());
        match found {
            Some(text) if text.contains("ready") => break text.lines().next().unwrap().to_owned(),
            _ => assert!(std::time::Instant::now() < deadline, "no server came"),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    // One that ended and that its new parent has not looked at yet is there still, as a zombie.
    let alive = || {
        let stat = std::fs::read_to_string(Path::new("/proc").join(&pid).join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    };
    assert!(folders().len() == 1 && alive(), "the server outlives who made it");
    assert!(run(&place.path("smoke.toml")).status().unwrap().success());
    assert_eq!(folders(), [] as [PathBuf; 0]);
    assert!(!alive() || cfg!(not(target_os = "linux")), "the forgotten server still runs");
}

#[test]
fn the_monthly_drill_brings_back_a_session_and_a_dump_and_says_what_a_stub_is() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill(7);
    let place = Place::new();
    let simulated = crate::simulated::Simulated::linked();
    assert_eq!(simulated.home.run(&["backup"]).code, 0);
    let dumps = place.path("dumps");
    std::fs::create_dir(&dumps).unwrap();
    cluster.dump("custom", &dumps.join("spec-1.dump"), &[]);
    let (dumps_set, smoke_set) = (format!("dumps={}", dumps.display()), format!("smoke={}", place.smoke()));
    let drill = || {
        let line = ["drill", "run", "monthly-restore", "--yes", "--set", &dumps_set, "--set", &smoke_set];
        simulated.home.run(&line)
    };
    let passed = drill();
    assert!(passed.code == 0 && passed.stdout.contains("every answer as expected"), "{passed:?}");
    // A job that ended a week ago left a good one behind.
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 24 * 3600);
    std::fs::File::options().write(true).open(dumps.join("spec-1.dump")).unwrap().set_modified(old).unwrap();
    let late = drill();
    assert!(late.code == 4 && late.stdout.contains("8 d old"), "{late:?}");
    std::fs::write(dumps.join("spec-1.dump"), "backup of today, 42 rows\n").unwrap();
    let stub = drill();
    assert!(stub.code == 4 && stub.stdout.contains("it is a stub"), "{stub:?}");
}
