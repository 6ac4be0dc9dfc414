//! `wpp support-bundle`.

mod gather;

use std::path::PathBuf;

use serde_json::json;

use crate::app::App;
use crate::bundle::known;
use crate::bundle::pack::{self, Packing, Sealed};
use crate::clock;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::strangers::{Counts, Known, Stranger};
use crate::report::{Event, Report, Section, Table, count, size};

/// Options of `wpp support-bundle`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The bundle holds versions, the host's numbers, settings and variables by name (values only of \
numbers and switches), what the doctor says, the status of every session, the newest entries of the journal (verb, state and \
time), ends of logs, the schedule, capacity, plugins with hashes and grants, and a list of evidence. It never holds messages, \
databases, archives, keys or secrets.\n\n\
People, groups, names, hosts, addresses, paths, sessions and credentials become tokens such as <person #0123456789>: the same \
one for the same thing, made with a key that is thrown away. Words that are not wpp's own become tokens, too. At last the \
finished bytes are opened again and searched for all that is known in this home and for all that looks like it; if anything \
is found, nothing is written, the file is named, and the exit code is 15.\n\n\
What is about to be written is shown first, file by file, with how much was taken out of each.")]
pub struct Args {
    /// The file to write, .tar.gz or .tar.zst [default: wpp-support-<UTC time>.tar.gz in this folder]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    to: Option<PathBuf>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Agree in advance
    #[arg(long, short)]
    yes: bool,
    /// Newest lines of each session's log
    #[arg(long, value_name = "NUMBER", default_value_t = 400, value_parser = clap::value_parser!(u32).range(0..=20_000))]
    lines: u32,
}

impl Args {
    /// Gathers, redacts, looks again, shows, asks and writes. `broken` says why the settings cannot be read.
    pub fn run(self, app: &App, broken: Option<&Error>) -> Result<Report> {
        let now = clock::now();
        let folder = format!("wpp-support-{}", clock::compact(now));
        let path = self.to.clone().unwrap_or_else(|| PathBuf::from(format!("{folder}.tar.gz")));
        let packing = path.file_name().and_then(|name| name.to_str()).and_then(Packing::of_name).ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("{} is no name for a bundle", path.display()))
                .hint("end it with .tar.gz, which everybody can open, or .tar.zst")
        })?;
        if path.symlink_metadata().is_ok() {
            return Err(
                Error::new(ErrorKind::Usage, format!("{} is there already", path.display())).hint("--to FILE gives another name")
            );
        }
        let found = known::gather(app.home(), known::environment());
        let stranger = Stranger::new(Known::new(found.values)?)?;
        let logs = gather::Logs { lines: self.lines, unread: &found.unread };
        let gather::Gathered { mut parts, held_back } = gather::gather(app, &stranger, broken, &logs)?;
        let mut left_out = Vec::new();
        for part in &mut parts {
            let name = part.name.clone();
            left_out.extend(pack::withhold(part, stranger.known()).map(|what| format!("{name}: {what}, or what looks like it")));
        }
        let sealed = pack::seal(
            &folder,
            (&clock::rfc3339(now), env!("CARGO_PKG_VERSION")),
            &parts,
            &held_back,
            packing,
            stranger.known(),
        )?;
        let mut report = report(&path, &sealed, stranger.known().count());
        if !found.unread.is_empty() {
            let sessions = found.unread.join(", ");
            let line = "only messages and reasons that wpp writes word for word: what was written there could not be read";
            report.sections[0].fields.push((format!("of the log of {sessions}"), line.into()));
        }
        report.data["held_back"] = json!(held_back);
        report.warnings.extend(found.problems);
        report.data["left_out"] = json!(left_out);
        report
            .warnings
            .extend(left_out.iter().map(|what| format!("left out because it was not redacted, which is a bug of wpp: {what}")));
        if self.dry_run {
            report.title = format!("{} would hold {}", path.display(), contents(&sealed));
            report.data["written"] = json!(false);
            return Ok(report.next("wpp support-bundle"));
        }
        if !self.yes {
            for line in &held_back {
                app.emit(Event::Line { text: format!("left out of {line}"), data: json!({ "held_back": line }) });
            }
            for file in &sealed.files {
                let text = format!("{:<22} {:>10}  {}", file.name, size(file.size_bytes as u64), replaced(&file.replaced));
                app.emit(Event::Line { text, data: json!(file) });
            }
        }
        app.confirm_or_dry_run(self.yes, &format!("write {} with {}?", path.display(), contents(&sealed)))?;
        disk::write_atomic(&path, &sealed.bytes)?;
        let (sha256, _) = disk::sha256(&sealed.bytes[..]).map_err(|error| disk::cannot("hash", &path, error))?;
        report.data["sha256"] = json!(sha256);
        report.sections[0].fields.push(("SHA-256".into(), sha256));
        Ok(report)
    }
}

fn contents(sealed: &Sealed) -> String {
    format!("{}, {}", count(sealed.files.len() as u64, "file", "files"), size(sealed.bytes.len() as u64))
}

/// `12 person, 3 path`.
fn replaced(counts: &Counts) -> String {
    let parts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    if parts.is_empty() { "nothing replaced".into() } else { format!("replaced: {}", parts.join(", ")) }
}

fn report(path: &std::path::Path, sealed: &Sealed, known: usize) -> Report {
    let rows = sealed.files.iter().map(|file| vec![file.name.clone(), size(file.size_bytes as u64), replaced(&file.replaced)]);
    let table = Table { columns: ["file", "size", "taken out"].map(str::to_owned).into(), rows: rows.collect() };
    let section = Section { table: Some(table), ..Section::default() }
        .field("taken out in all", replaced(&sealed.replaced))
        .field("searched for", format!("{} of this home", count(known as u64, "value", "values")));
    Report::answer("support-bundle", format!("{} holds {}", path.display(), contents(sealed))).section(section).data(json!({
        "path": path, "written": true, "size_bytes": sealed.bytes.len(), "sha256": null, "files": sealed.files,
        "replaced": sealed.replaced, "known": known,
    }))
}
