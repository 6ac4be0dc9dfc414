//! A real server of PostgreSQL with something in it, as a gateway would have one. Where PostgreSQL is not
//! there, tests that need it say so and go on, unless WPP_TEST_NO_SKIP names `postgres`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use wpp::dump::tools::Tools;

/// Whether a program that a test needs is here; says so when it is not.
pub fn there(what: &str, is: bool) -> bool {
    if !is {
        let held = std::env::var("WPP_TEST_NO_SKIP").unwrap_or_default();
        assert!(!held.split_whitespace().any(|word| word == what), "{what} is not here, and no test of it may be skipped");
        let _ = writeln!(std::io::stderr(), "SKIPPED a test: {what} is not here");
    }
    is
}

/// A cluster that ends with the value.
pub struct Cluster {
    folder: tempfile::TempDir,
    tools: Tools,
}

impl Cluster {
    /// Makes one, with the database `gateway`; `None` when PostgreSQL is not here.
    pub fn start() -> Option<Cluster> {
        let tools = Tools::find("", "").expect("an account for the server");
        if !there("postgres", tools.has_server()) {
            return None;
        }
        // A short path: a socket lies in it.
        let folder = tempfile::Builder::new().prefix("wpp-it-pg-").tempdir_in("/tmp").expect("a temporary folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let cluster = Cluster { folder, tools };
        for part in ["data", "socket"] {
            let path = cluster.folder.path().join(part);
            std::fs::create_dir(&path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
            wpp::dump::tools::give(&path, cluster.tools.account.as_ref()).unwrap();
        }
        let data = cluster.folder.path().join("data");
        let mut initdb = cluster.as_account("initdb");
        // With a password, as servers of gateways have one.
        let secret = data.with_file_name("pwfile");
        std::fs::write(&secret, PASSWORD).unwrap();
        wpp::dump::tools::give(&secret, cluster.tools.account.as_ref()).unwrap();
        initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--username=app"]);
        initdb.arg("--pwfile").arg(&secret).arg("--pgdata").arg(&data);
        succeed(&mut initdb);
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\n",
            cluster.folder.path().join("socket").display()
        );
        let config = data.join("postgresql.conf");
        let before = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, before + &settings).unwrap();
        let mut start = cluster.as_account("pg_ctl");
        start.args(["start", "--wait", "--silent", "--log"]).arg(data.join("log")).arg("--pgdata").arg(&data);
        succeed(&mut start);
        cluster.sql("postgres", "create database gateway");
        Some(cluster)
    }

    fn as_account(&self, program: &str) -> Command {
        let mut command = Command::new(self.tools.program(program).unwrap());
        command.current_dir("/").env("LC_ALL", "C");
        if let Some(account) = &self.tools.account {
            command.uid(account.user_id).gid(account.group_id);
        }
        command
    }

    /// One of the client programs, talking to this cluster.
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.tools.program(program).unwrap());
        command.env("PGHOST", self.socket()).env("PGUSER", "app").env("PGPASSWORD", PASSWORD);
        command
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Its address as a setting has it, without the password.
    pub fn address(&self, database: &str) -> String {
        format!("postgres://app@/{database}?host={}", self.socket().display())
    }

    /// Runs statements, and gives what psql writes.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.client("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]);
        succeed(&mut psql).trim().to_owned()
    }

    /// What a service of agents keeps: users, sales and tickets.
    pub fn fill(&self, users: u32) {
        self.sql(
            "gateway",
            &format!(
                "create role \"read-only\"; \
                 create table users (id serial primary key, name text not null); \
                 create table sales (id serial primary key, user_id int references users, cents int not null); \
                 create table tickets (id serial primary key, status text not null); \
                 insert into users (name) select 'user ' || n from generate_series(1, {users}) n; \
                 insert into sales (user_id, cents) select id, 100 * id from users; \
                 insert into tickets (status) values ('open'), ('open'), ('closed'); \
                 grant select on users to \"read-only\""
            ),
        );
    }

    /// Writes a dump of the database in one of pg_dump's formats.
    pub fn dump(&self, format: &str, into: &Path, more: &[&str]) {
        let mut dump = self.client("pg_dump");
        dump.args(["--format", format, "--file"]).arg(into).args(more).arg("gateway");
        succeed(&mut dump);
    }
}

impl Cluster {
    /// Writes a dump of all databases and roles.
    pub fn dump_all(&self, into: &Path) {
        let mut dump = self.client("pg_dumpall");
        dump.args(["--database", "postgres", "--file"]).arg(into);
        succeed(&mut dump);
    }
}

/// The password of [`Cluster`]; must be nowhere in what wpp writes.
pub const PASSWORD: &str = "hush-postgres-planted-secret";

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.as_account("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(self.folder.path().join("data"));
        let _ = stop.output();
    }
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}: {said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
