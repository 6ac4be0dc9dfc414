//! `wpp logs`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::App;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::report::{Event, Report, Section, count};

/// The wait between two looks at a log that is followed.
const POLL: Duration = Duration::from_millis(100);
/// Bytes of a line that are kept. The daemon writes none as long; a log that something else got into may hold one of
/// any length.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Options of `wpp logs`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reads the log's files, the rotated ones too; no daemon is needed. With --format json each line comes as the \
daemon wrote it."
)]
pub struct Args {
    /// Go on with what the daemon writes, until interrupted
    #[arg(long, short)]
    follow: bool,
    /// Newest lines to show
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 100)]
    lines: usize,
}

impl Args {
    /// Shows the daemon's log.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        let path = session.log();
        let (lines, current, read) = newest(&session, self.lines)?;
        if self.follow {
            for line in &lines {
                emit(app, line);
            }
            return follow(app, &path, current, read);
        }
        if lines.is_empty() && current.is_none() {
            return Err(Error::new(ErrorKind::Unknown, format!("there is no log {}", path.display()))
                .hint(format!("it is written from the first `wpp start --session {}` on", session.name())));
        }
        let shown = Section { lines: lines.iter().map(|line| readable(line)).collect(), ..Section::default() };
        let documents: Vec<Value> = lines.iter().map(|line| document(line)).collect();
        Ok(Report::answer(
            "logs",
            format!("{}: newest {} of {}", session.name(), count(lines.len(), "line", "lines"), path.display()),
        )
        .section(shown)
        .data(json!({ "file": path, "lines": documents })))
    }
}

fn open(path: &Path) -> Result<Option<File>> {
    match disk::open_to_read(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk::cannot("read", path, error)),
    }
}

/// The rotated files from the oldest on, then the current one: `wppd.log.2`, `wppd.log.1`, `wppd.log`.
fn files(session: &SessionPaths) -> Result<Vec<PathBuf>> {
    let folder = session.logs();
    let current = session.log();
    let Some(name) = current.file_name().and_then(|name| name.to_str()) else { return Ok(vec![current]) };
    let mut rotated = Vec::new();
    for path in disk::list(&folder)? {
        let other = path.file_name().and_then(|other| other.to_str());
        let number = other.and_then(|other| other.strip_prefix(name)?.strip_prefix('.')?.parse::<u32>().ok());
        rotated.extend(number.map(|number| (number, path)));
    }
    rotated.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    Ok(rotated.into_iter().map(|(_, path)| path).chain([current]).collect())
}

/// The newest lines, the current file, and up to which byte that was read.
pub(super) fn newest(session: &SessionPaths, count: usize) -> Result<(Vec<String>, Option<File>, u64)> {
    let mut lines: VecDeque<String> = VecDeque::new();
    let mut current = None;
    let mut read = 0;
    // From the newest file back, until there are enough.
    for (place, path) in files(session)?.iter().rev().enumerate() {
        let Some(file) = open(path)? else { continue };
        let missing = count - lines.len();
        let mut here: VecDeque<String> = VecDeque::new();
        let mut reader = BufReader::new(file);
        let mut bytes = 0;
        while let Some((line, size)) = next_line(&mut reader, path)? {
            bytes += size;
            here.push_back(line);
            if here.len() > missing {
                here.pop_front();
            }
        }
        if place == 0 {
            current = Some(reader.into_inner());
            read = bytes;
        }
        here.append(&mut lines);
        lines = here;
        if lines.len() >= count {
            break;
        }
    }
    Ok((lines.into(), current, read))
}

/// The next whole line and its size in bytes; a line that is still being written is left for later. Of one longer
/// than any of the daemon's the beginning is kept, and how much more there is.
fn next_line(reader: &mut impl BufRead, path: &Path) -> Result<Option<(String, u64)>> {
    let unread = |error| disk::cannot("read", path, error);
    let mut bytes = Vec::new();
    let size = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).map_err(unread)? as u64;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        return Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), size)));
    }
    let mut more = 0;
    loop {
        let buffer = reader.fill_buf().map_err(unread)?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffer.len(), |end| end + 1);
        more += taken as u64;
        reader.consume(taken);
        if end.is_some() {
            let mut line = String::from_utf8_lossy(&bytes).into_owned();
            if more > 1 {
                line.push_str(&format!("… ({} bytes more)", more - 1));
            }
            return Ok(Some((line, size + more)));
        }
        if taken == 0 {
            return Ok(None);
        }
    }
}

fn follow(app: &App, path: &Path, mut current: Option<File>, mut position: u64) -> Result<Report> {
    loop {
        let Some(file) = &current else {
            std::thread::sleep(POLL);
            current = open(path)?;
            continue;
        };
        position = emit_from(app, file, path, position)?;
        // Rotation renames the file away: what was still written to it is read, then the new one.
        let named = std::fs::metadata(path).map(|metadata| metadata.ino());
        let own = file.metadata().map_err(|error| disk::cannot("look at", path, error))?.ino();
        if named.is_ok_and(|named| named != own) {
            emit_from(app, file, path, position)?;
            current = open(path)?;
            position = 0;
        } else {
            std::thread::sleep(POLL);
        }
    }
}

fn emit_from(app: &App, file: &File, path: &Path, mut position: u64) -> Result<u64> {
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(position)).map_err(|error| disk::cannot("read", path, error))?;
    while let Some((line, size)) = next_line(&mut reader, path)? {
        position += size;
        emit(app, &line);
    }
    Ok(position)
}

fn emit(app: &App, line: &str) {
    app.emit(Event::Output { text: readable(line), data: document(line) });
}

/// A line as the daemon wrote it, or as text when it is none of the daemon's.
fn document(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| Value::String(line.to_owned()))
}

/// A line for people: time, level, message, then the rest as `name=value`.
fn readable(line: &str) -> String {
    let Value::Object(mut fields) = document(line) else { return safe(line) };
    let mut take = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let (at, level, message) = (take("at"), take("level"), take("message"));
    let mut text = format!("{at} {:<5} {message}", level.to_uppercase());
    for (name, value) in fields {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.push_str(&format!(" {name}={value}"));
    }
    safe(&text)
}

fn safe(text: &str) -> String {
    // Of any length, unlike a table's cell.
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_gathered_over_rotated_files_and_a_half_line_waits() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(folder.path(), "main");
        assert!(matches!(newest(&session, 5).unwrap(), (lines, None, 0) if lines.is_empty()));
        std::fs::create_dir(session.logs()).unwrap();
        let write = |name: &str, text: &str| std::fs::write(session.logs().join(name), text).unwrap();
        write("wppd.log.10", "a\nb\n");
        write("wppd.log.2", "c\nd\n");
        write("wppd.log.x", "never\n");
        write("wppd.log", "e\nf\nhal");
        let lines = |count| newest(&session, count).unwrap().0.join("");
        assert_eq!([0, 1, 3, 5, 100].map(lines), ["", "f", "def", "bcdef", "abcdef"]);
        assert_eq!(newest(&session, 1).unwrap().2, 4);
    }

    #[test]
    fn a_line_of_any_length_is_kept_to_its_beginning() {
        let long = LINE_BYTES_MAX as usize;
        let text =
            format!("{}\n{}\n{}\nz\n{}", "a".repeat(long - 1), "b".repeat(long), "c".repeat(3 * long), "d".repeat(2 * long));
        let mut reader = BufReader::new(text.as_bytes());
        let (mut lines, mut sizes) = (Vec::new(), 0);
        while let Some((line, size)) = next_line(&mut reader, Path::new("wppd.log")).unwrap() {
            sizes += size as usize;
            lines.push(line);
        }
        // What is longer says so, and the half line at the end waits however long it is.
        assert_eq!(sizes, text.len() - 2 * long);
        assert_eq!((lines[0].len(), lines[1].len()), (long - 1, long));
        assert!(lines[2].ends_with(&format!("c… ({} bytes more)", 2 * long)) && lines[2].starts_with("ccc"));
        assert_eq!(&lines[3..], ["z"]);
    }

    #[test]
    fn a_line_is_readable_whatever_it_holds() {
        assert_eq!(
            readable(r#"{"at":"2026-11-21T03:15:00.000Z","level":"info","message":"the daemon starts","pid":7,"who":"x"}"#),
            "2026-11-21T03:15:00.000Z INFO  the daemon starts pid=7 who=x"
        );
        assert_eq!(readable("no json \u{1b}[2J"), "no json \u{fffd}[2J");
        assert_eq!(document("{half"), Value::String("{half".into()));
    }
}
