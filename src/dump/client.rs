//! Talking to a server of PostgreSQL through its own programs: loading a dump by its kind, counting what
//! is there, asking one question.
//!
//! No driver is linked in: `psql`, `pg_restore` and `pg_dump` come with every server, know their own
//! formats, and run outside this process. A password is never among their arguments. Start with [`Client`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::kind::{Dump, Kind, Wrapping, raw};
use super::plain::Guarded;
use super::tools::{SAID_BYTES_MAX, Tools, said};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::process::{Input, Run};

/// A question about one table or all of them.
const ASK_PATIENCE: Duration = Duration::from_secs(600);
/// Of an answer, at most so much is read.
const ANSWER_BYTES_MAX: usize = 4 << 20;
const READ_ONLY: (&str, &str) =
    ("PGOPTIONS", "-c default_transaction_read_only=on -c statement_timeout=300000 -c lock_timeout=10000");

/// How one server is reached.
#[derive(Debug, Clone)]
pub enum Client {
    /// By programs of this machine.
    Host {
        /// The programs.
        tools: Tools,
        /// What tells them where the server is: `PGHOST` and the like.
        environment: Vec<(String, String)>,
    },
    /// By programs inside a container.
    Container {
        /// The program that runs them there.
        docker: PathBuf,
        /// The container's name.
        name: String,
    },
}

/// A role that may look and nothing else, of a disposable server.
#[derive(Debug, Clone)]
pub struct Reader {
    name: String,
    password: String,
}

/// What must hold while a program runs.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    /// The longest that loading may take.
    pub patience: Duration,
    /// Set when the operator gives up.
    pub stop: &'a AtomicBool,
}

impl Client {
    /// One of the programs, ready for its arguments.
    pub fn command(&self, program: &str, environment: &[(&str, &str)]) -> Result<Command> {
        match self {
            Client::Host { tools, environment: server } => {
                let mut command = tools.command_as_account(program)?;
                command.envs(server.iter().map(|(name, value)| (name, value))).envs(environment.iter().copied());
                Ok(command)
            }
            Client::Container { docker, name } => {
                let mut command = Command::new(docker);
                command.args(["exec", "--interactive", "--env", "PGUSER=wpp"]);
                for (variable, value) in environment {
                    command.arg("--env").arg(format!("{variable}={value}"));
                }
                command.args([name.as_str(), program]);
                Ok(command)
            }
        }
    }

    /// Runs one statement, and gives the rows of its answer. Nothing is changed by it unless `writes`.
    pub fn ask(&self, database: &str, sql: &str, writes: bool, stop: &AtomicBool) -> Result<Vec<Vec<String>>> {
        self.ask_with(database, Input::Nothing, &["--command", sql], writes, stop)
    }

    fn ask_with(&self, database: &str, input: Input, how: &[&str], writes: bool, stop: &AtomicBool) -> Result<Vec<Vec<String>>> {
        let environment: &[(&str, &str)] = if writes { &[] } else { &[READ_ONLY] };
        self.run_psql(database, input, how, environment, stop)
    }

    fn run_psql(
        &self,
        database: &str,
        input: Input,
        how: &[&str],
        environment: &[(&str, &str)],
        stop: &AtomicBool,
    ) -> Result<Vec<Vec<String>>> {
        let mut command = self.command("psql", environment)?;
        command.args(["--no-psqlrc", "--no-password", "--quiet", "--csv", "--tuples-only", "--set", "ON_ERROR_STOP=1"]);
        command.args(["--dbname", database]).args(how);
        let run = Run { input, output: None, patience: ASK_PATIENCE, output_bytes_max: ANSWER_BYTES_MAX, stop: Some(stop) };
        let ran = run.of(&mut command);
        if ran.stdout.more {
            let text = format!("the answer is larger than {ANSWER_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::Failed, text).hint("ask for counts, or for fewer rows"));
        }
        said("psql", ran).map(|text| rows(&text))
    }

    /// Asks one question that somebody wrote, as a role that may only read, and gives the rows of its answer.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`] when the server does not take it as one statement that reads.
    pub fn ask_as(&self, reader: &Reader, database: &str, sql: &str, stop: &AtomicBool) -> Result<Vec<Vec<String>>> {
        let commands = one_question(sql);
        let mut how = vec!["--username", reader.name.as_str()];
        how.extend(commands.iter().flat_map(|command| ["--command", command.as_str()]));
        self.run_psql(database, Input::Nothing, &how, &[READ_ONLY, ("PGPASSWORD", &reader.password)], stop)
    }

    /// Makes a role that may read whatever is in the databases of a disposable server, and nothing else.
    pub fn create_reader(&self, databases: &[&str], stop: &AtomicBool) -> Result<Reader> {
        let word = || uuid::Uuid::new_v4().simple().to_string();
        let reader = Reader { name: format!("wpp_reader_{}", &word()[..12]), password: word() };
        let (name, password) = (identifier(&reader.name), literal(&reader.password));
        // Rules on rows hold for it unless it is told to pass them by, and would hide what is to be counted.
        self.ask("postgres", &format!("create role {name} login bypassrls password {password}"), true, stop)?;
        let grant = format!(
            "do $grant$ declare space text; begin \
             execute format('grant connect on database %I to {name}', current_database()); \
             for space in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop \
             execute format('grant usage on schema %I to {name}', space); \
             execute format('grant select on all tables in schema %I to {name}', space); \
             execute format('grant select on all sequences in schema %I to {name}', space); end loop; end $grant$"
        );
        for database in databases {
            self.ask(database, &grant, true, stop)?;
        }
        Ok(reader)
    }

    /// Databases that can be connected to.
    pub fn databases(&self, stop: &AtomicBool) -> Result<Vec<String>> {
        let rows = self.ask("postgres", "select datname from pg_database where datallowconn order by 1", false, stop)?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Rows of every table that is not the server's own, by the table's name with its schema.
    pub fn tables(&self, database: &str, stop: &AtomicBool) -> Result<BTreeMap<String, u64>> {
        // `\gexec` runs each row of the answer as a statement of its own.
        let script =
            b"select format('select %L, count(*) from only %I.%I', n.nspname || '.' || c.relname, n.nspname, c.relname) \
            from pg_class c join pg_namespace n on n.oid = c.relnamespace \
            where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' \
            and n.nspname <> 'information_schema' order by 1 \\gexec\n";
        let rows = self.ask_with(database, Input::Bytes(script.to_vec()), &["--file", "-"], false, stop)?;
        let wrong = || {
            Error::new(ErrorKind::Unknown, "the answer of psql about the tables was not understood")
                .hint("check that psql is PostgreSQL's own")
        };
        rows.into_iter()
            .map(|row| match <[String; 2]>::try_from(row) {
                Ok([name, count]) => Ok((name, count.parse().map_err(|_| wrong())?)),
                Err(_) => Err(wrong()),
            })
            .collect()
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str, stop: &AtomicBool) -> Result<()> {
        let sql = format!("create database {} template template0 encoding 'UTF8'", identifier(name));
        self.ask("postgres", &sql, true, stop).map(drop)
    }

    /// Makes the roles that a plain dump gives things to and does not make.
    pub fn create_roles(&self, dump: &Dump, stop: &AtomicBool) -> Result<()> {
        if dump.plain.makes_roles {
            return Ok(());
        }
        for role in &dump.plain.roles {
            let known = format!("select 1 from pg_roles where rolname = {}", literal(role));
            if self.ask("postgres", &known, false, stop)?.is_empty() {
                self.ask("postgres", &format!("create role {}", identifier(role)), true, stop)?;
            }
        }
        Ok(())
    }

    /// Loads a dump by its kind into a database, and stops at the first thing that cannot be.
    ///
    /// `placed` is where the server's programs find a dump that is a folder; `scratch` takes what has to
    /// be unpacked before it is read. With `owners`, things belong to whom they belonged.
    pub fn load(
        &self,
        database: &str,
        dump: &Dump,
        placed: &str,
        scratch: &std::path::Path,
        owners: bool,
        bounds: Bounds<'_>,
    ) -> Result<()> {
        let program = if dump.kind == Kind::Plain { "psql" } else { "pg_restore" };
        let mut command = self.command(program, &[])?;
        command.args(["--no-password", "--dbname", database]);
        let mut input = Input::Nothing;
        if dump.kind == Kind::Plain {
            command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", "-"]);
            input = Input::Stream(Box::new(Guarded::new(dump.open()?, self.key_for(dump, bounds.stop)?)));
        } else {
            command.arg("--exit-on-error");
            if !owners {
                command.args(["--no-owner", "--no-privileges"]);
            }
            if dump.kind == Kind::Directory {
                command.arg(placed);
            } else {
                input = Input::File(unwrapped(dump, scratch)?);
            }
        }
        // Of what it selects, psql prints the result; nobody reads that.
        let Bounds { patience, stop } = bounds;
        let run = Run { input, output: None, patience, output_bytes_max: SAID_BYTES_MAX, stop: Some(stop) };
        said(program, run.of(&mut command)).map(drop)
    }

    /// With what `psql` is told to take no orders from a plain dump; `None` for one that is too old to be told.
    fn key_for(&self, dump: &Dump, stop: &AtomicBool) -> Result<Option<String>> {
        let mut help = self.command("psql", &[])?;
        help.arg("--help=commands");
        let run =
            Run { input: Input::Nothing, output: None, patience: ASK_PATIENCE, output_bytes_max: 1 << 20, stop: Some(stop) };
        if said("psql", run.of(&mut help))?.contains("\\unrestrict") {
            return Ok(Some(uuid::Uuid::new_v4().simple().to_string()));
        }
        if dump.plain.ambiguous {
            let text = "the psql that is here knows no \\restrict, and might take a text of this dump for an order to itself";
            return Err(Error::new(ErrorKind::Denied, text)
                .hint("update PostgreSQL's client programs: any version of them from August 2025 on knows it"));
        }
        Ok(None)
    }

    /// How many tables a dump that is not plain says that it makes; reading the list needs no server.
    pub fn listed(&self, dump: &Dump, placed: &str, scratch: &std::path::Path, stop: &AtomicBool) -> Result<u64> {
        let mut command = self.command("pg_restore", &[])?;
        command.arg("--list");
        let input = if dump.kind == Kind::Directory {
            command.arg(placed);
            Input::Nothing
        } else {
            Input::File(unwrapped(dump, scratch)?)
        };
        let run = Run { input, output: None, patience: ASK_PATIENCE, output_bytes_max: 64 << 20, stop: Some(stop) };
        let list = said("pg_restore", run.of(&mut command))?;
        Ok(list.lines().filter(|line| is_table(line)).count() as u64)
    }
}

/// What `psql` is told, each as a `--command` of its own, to ask one question that somebody wrote: the server
/// itself takes the text as one statement that gives rows, in a transaction that only reads, and refuses
/// several statements, `COMMIT`, `COPY` and whatever else is no question. The text stands in quotes that
/// nobody can guess, so no text ends them.
pub fn one_question(sql: &str) -> [String; 4] {
    let tag = format!("q{}", uuid::Uuid::new_v4().simple());
    [
        // All rows are wanted, and not the first ones soon.
        "begin read only; set local cursor_tuple_fraction = 1".to_owned(),
        format!(
            "do ${tag}o$ declare question refcursor := 'wpp_question'; begin open question for execute ${tag}i$\n{sql}\n${tag}i$; end ${tag}o$"
        ),
        "fetch all from wpp_question".to_owned(),
        "rollback".to_owned(),
    ]
}

/// Whether a line of `pg_restore --list` is of a table: `220; 1259 16386 TABLE public users wpp`.
fn is_table(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.first().is_some_and(|word| word.ends_with(';'))
        && words.get(3) == Some(&"TABLE")
        && !matches!(words.get(4), Some(&"DATA" | &"ATTACH"))
}

/// The dump as a file that a program can seek in, without what it is wrapped in.
fn unwrapped(dump: &Dump, scratch: &std::path::Path) -> Result<std::fs::File> {
    if dump.wrapping == Wrapping::None {
        return raw(&dump.path);
    }
    let path = scratch.join(format!("unwrapped-{}", &dump.sha256[..12]));
    if !path.exists() {
        let mut file = disk::create_file(&path)?;
        std::io::copy(&mut dump.open()?, &mut file).map_err(|error| disk::cannot("unpack into", &path, error))?;
    }
    raw(&path)
}

/// A name as SQL writes it.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Rows of comma-separated values, as psql writes them.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut any) = (false, false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        any = true;
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                any = false;
            }
            c => cell.push(c),
        }
    }
    if any {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_psql_writes_them() {
        assert_eq!(rows(""), Vec::<Vec<String>>::new());
        assert_eq!(rows("42\n"), [["42"]]);
        assert_eq!(rows("open,3\n\"a, \"\"b\"\"\nc\",\n"), [["open", "3"], ["a, \"b\"\nc", ""]]);
        assert_eq!(rows("x"), [["x"]]);
    }

    #[test]
    fn tables_are_told_from_everything_else_in_a_list() {
        for (line, table) in [
            ("220; 1259 16386 TABLE public users wpp", true),
            ("3331; 0 16386 TABLE DATA public users wpp", false),
            ("3180; 2606 16393 CONSTRAINT public users users_pkey wpp", false),
            (";     Archive created at 2026-11-04 14:00:00 UTC", false),
            ("221; 1259 1 TABLE ATTACH public part wpp", false),
        ] {
            assert_eq!(is_table(line), table, "{line}");
        }
    }

    #[test]
    fn names_cannot_end_their_own_quotes() {
        assert_eq!(identifier("a\"; drop table x"), "\"a\"\"; drop table x\"");
        assert_eq!(literal("o'clock"), "'o''clock'");
    }
}
