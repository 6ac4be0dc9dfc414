//! One query: of an SQLite file, opened to read, or of PostgreSQL, by `psql` in a transaction that only
//! reads. Values are never text of the query.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::types::{Value as SqlValue, ValueRef};

use super::{Attempt, OUTPUT_BYTES_MAX, Scene, Tried};
use crate::dump::address::{Postgres, is_postgres, without_password};
use crate::dump::client::one_question;
use crate::home::{HomeKind, sidecar};
use crate::process::{self, Ended};
use crate::report::count;
use crate::runbook::expect::Answer;
use crate::runbook::fence::Fence;
use crate::runbook::query;
use crate::runbook::values::{Values, names};
use crate::session::reading::{Way, connect};

/// Rows that are kept of a result.
const ROWS_MAX: usize = 10_000;
/// Columns and rows as `psql` sets them apart; no text of a query's result needs them.
const COLUMN: char = '\u{1f}';
const ROW: char = '\u{1e}';

pub fn attempt(fence: &Fence, scene: &Scene<'_>) -> Attempt {
    let on = match scene.values.fill(fence.on.as_deref().unwrap_or_default()) {
        Ok(on) => on,
        Err(reason) => return Attempt::idle(Tried::Failed(reason), ""),
    };
    // An address may be a secret as a whole, or hold one.
    let place = without_password(&scene.values.shown(fence.on.as_deref().unwrap_or_default()));
    let transcript = format!("on {place}\n{}\n", scene.values.shown(fence.body.trim()));
    if names(&fence.body).iter().any(|name| scene.values.secrets.contains_key(*name)) {
        return Attempt::idle(Tried::Failed("a secret may not stand in a query".into()), transcript);
    }
    let timeout = fence.timeout.unwrap_or(Duration::from_secs(60));
    let result =
        if is_postgres(&on) { postgres(&on, fence, scene, timeout) } else { sqlite(Path::new(&on), fence, scene, timeout) };
    match result {
        Ok(rows) => {
            let mut transcript = transcript;
            for row in &rows {
                transcript.push_str(&row.join(" | "));
                transcript.push('\n');
            }
            transcript.push_str(&format!("({})\n", count(rows.len() as u64, "row", "rows")));
            let value = rows.first().and_then(|row| row.first()).cloned();
            let output = value.clone().unwrap_or_default();
            Attempt::of(Tried::Answered(Answer { rows: Some(rows.len()), value, output, ..Answer::default() }), transcript)
        }
        // It only reads.
        Err(Refused(tried)) => Attempt::idle(*tried, transcript),
    }
}

/// Why there are no rows.
struct Refused(Box<Tried>);

fn refused(tried: Tried) -> Refused {
    Refused(Box::new(tried))
}

fn failed(reason: impl Into<String>) -> Refused {
    refused(Tried::Failed(reason.into()))
}

/// The query with `?1`, `?2`, … in the place of names, and their values.
fn bound(text: &str, values: &Values) -> Result<(String, Vec<SqlValue>), String> {
    let mut found = Vec::new();
    let text = values.replace(text, |_, value| {
        found.push(match (value.parse::<i64>(), value.parse::<f64>()) {
            (Ok(number), _) => SqlValue::Integer(number),
            (_, Ok(number)) if number.is_finite() => SqlValue::Real(number),
            _ => SqlValue::Text(value.to_owned()),
        });
        format!("?{}", found.len())
    })?;
    Ok((text, found))
}

type Rows = Vec<Vec<String>>;

fn sqlite(path: &Path, fence: &Fence, scene: &Scene<'_>, timeout: Duration) -> Result<Rows, Refused> {
    let (text, parameters) = bound(&fence.body, scene.values).map_err(failed)?;
    let deadline = Instant::now() + timeout;
    let mut changed_before = false;
    loop {
        let before = stamps(path).ok_or_else(|| failed(format!("{} is not there", path.display())))?;
        let log = before[1].is_some_and(|(size_bytes, _)| size_bytes > 0);
        let way = match (sidecar(path, "-shm").exists() && before[1].is_some() || changed_before, log) {
            (true, _) => Way::Shared,
            (false, true) => Way::StillWithLog,
            (false, false) => Way::Still,
        };
        let rows = query(path, way, &text, &parameters, deadline, scene.stop);
        if way == Way::Shared || stamps(path) == Some(before) {
            return rows.map_err(|error| match error {
                _ if scene.interrupted() => refused(Tried::interrupted()),
                rusqlite::Error::SqliteFailure(code, _) if code.code == rusqlite::ErrorCode::OperationInterrupted => {
                    failed(format!("no result within {} s", timeout.as_secs()))
                }
                error => failed(format!("{}: {error}", path.display())),
            });
        }
        // Somebody writes to it after all; then it is read beside them, with locks.
        changed_before = true;
    }
}

/// Size and time of change of a database and of its log.
fn stamps(path: &Path) -> Option<[Option<(u64, SystemTime)>; 2]> {
    let stamp = |path: &Path| path.metadata().ok().and_then(|file| Some((file.len(), file.modified().ok()?)));
    let own = stamp(path)?;
    Some([Some(own), stamp(&sidecar(path, "-wal"))])
}

fn query(
    path: &Path,
    way: Way,
    text: &str,
    parameters: &[SqlValue],
    deadline: Instant,
    stop: &Arc<AtomicBool>,
) -> rusqlite::Result<Rows> {
    let connection = connect(path, way)?;
    // One function of SQLite's that makes a huge value is not interrupted before it is there.
    connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, i32::try_from(OUTPUT_BYTES_MAX).unwrap_or(i32::MAX))?;
    connection.busy_timeout(deadline.saturating_duration_since(Instant::now()).min(Duration::from_secs(10)))?;
    let stop = stop.clone();
    connection.progress_handler(1000, Some(move || stop.load(Ordering::Relaxed) || Instant::now() >= deadline))?;
    let mut statement = connection.prepare(text)?;
    if !statement.readonly() {
        return Err(rusqlite::Error::InvalidParameterName("the query would write, and a runbook's queries only read".into()));
    }
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    let (mut found, mut size_bytes): (Rows, usize) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if found.len() < ROWS_MAX {
            let row: Vec<String> = (0..columns).map(|column| row.get_ref(column).map(shown)).collect::<rusqlite::Result<_>>()?;
            size_bytes += row.iter().map(String::len).sum::<usize>();
            found.push(row);
        }
        if size_bytes > OUTPUT_BYTES_MAX {
            return Err(rusqlite::Error::InvalidParameterName("the result is larger than a step may keep".into()));
        }
    }
    Ok(found)
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => hex::encode(bytes),
    }
}

fn postgres(address: &str, fence: &Fence, scene: &Scene<'_>, timeout: Duration) -> Result<Rows, Refused> {
    let address = Postgres::parse(address).map_err(|why| failed(format!("the address of the database: {why}")))?;
    if scene.site.home.kind() == HomeKind::Sandbox && !address.is_of_this_machine() {
        return Err(failed("a sandbox reaches databases of this machine alone: a socket's folder, 127.0.0.1 or [::1]"));
    }
    let quote = |_: &str, value: &str| format!("'{}'", value.replace('\'', "''"));
    let text = scene.values.replace(fence.body.trim(), quote).map_err(failed)?;
    // As it is sent, values in it: the server would run every statement that it finds there.
    query::one(&text).map_err(|(line, reason)| failed(format!("line {} of the query: {reason}", line + 1)))?;
    let mut command = Command::new("psql");
    let (column, row) = (COLUMN.to_string(), ROW.to_string());
    command.args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-F", &column, "-R", &row]);
    // The server itself takes it as one question, and takes back whatever a function did meanwhile.
    command.args(one_question(&text).iter().flat_map(|order| ["-c", order]));
    connection(&mut command, &address);
    let ran = process::run_until(&mut command, b"", timeout, OUTPUT_BYTES_MAX, scene.stop);
    let said = || String::from_utf8_lossy(&ran.stderr.bytes).trim().to_owned();
    match ran.ended {
        Ended::Itself(status) if status.success() && ran.stdout.more => Err(failed("the result is larger than a step may keep")),
        Ended::Itself(status) if status.success() => {
            let text = String::from_utf8_lossy(&ran.stdout.bytes);
            // A row ends with a line, an empty row too; without a row there is no line.
            let rows = text.strip_suffix('\n').into_iter().flat_map(|text| text.split(ROW));
            Ok(rows.map(|row| row.split(COLUMN).map(str::to_owned).collect()).collect())
        }
        Ended::Itself(_) => Err(failed(format!("psql: {}", said()))),
        Ended::NotStarted(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(refused(Tried::Unknown("psql is not there; it comes with PostgreSQL's client programs".into())))
        }
        Ended::NotStarted(error) | Ended::NotSeen(error) => Err(refused(Tried::Unknown(format!("psql cannot be run: {error}")))),
        Ended::Killed if scene.interrupted() => Err(refused(Tried::interrupted())),
        Ended::Killed => Err(failed(format!("no result within {} s", timeout.as_secs()))),
    }
}

/// How the server is reached, as variables: what stands in a command line, everybody on the host can read.
fn connection(command: &mut Command, address: &Postgres) {
    // What the operator's shell says of another server must not lead there.
    for name in ["PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSERVICE"] {
        command.env_remove(name);
    }
    command.envs(address.variables());
    command.envs(address.password.as_ref().map(|password| ("PGPASSWORD", password)));
    command.env("PGCONNECT_TIMEOUT", "10").env("PGAPPNAME", "wpp");
    command.env("PGOPTIONS", "-c default_transaction_read_only=on -c standard_conforming_strings=on");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bound_and_not_text_of_the_query() {
        let plain = [("n", "5"), ("t", "a' OR 1=1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let values = Values { plain: plain.into(), ..Values::default() };
        let (text, found) = bound("SELECT {{n}}, {{t}}, {{n}}", &values).unwrap();
        assert_eq!(text, "SELECT ?1, ?2, ?3");
        assert_eq!(found, [SqlValue::Integer(5), SqlValue::Text("a' OR 1=1".into()), SqlValue::Integer(5)]);
    }

    #[test]
    fn a_password_is_no_argument_and_the_shell_leads_nowhere_else() {
        let mut command = Command::new("psql");
        connection(&mut command, &Postgres::parse("postgres://u:hu%40sh@127.0.0.1:5433/d?sslmode=require").unwrap());
        let set: Vec<_> = command.get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?))).collect();
        for pair in [("PGPASSWORD", "hu@sh"), ("PGPORT", "5433"), ("PGDATABASE", "d"), ("PGSSLMODE", "require")] {
            assert!(set.contains(&pair), "{set:?}");
        }
        assert!(command.get_envs().any(|(name, value)| name == "PGHOSTADDR" && value.is_none()));
        assert_eq!(command.get_args().count(), 0);
    }
}
