//! The face: the only room that writes to the terminal.
//!
//! stdout is the result; stderr is everything else.

pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod plot;
pub mod progress;
pub mod prometheus;
pub mod qr;
pub mod terminal;
pub mod wrap;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::app::Ask;
use crate::archive::destination::settings::Secret;
use crate::error::Error;
use crate::report::{Event, Report, Sink};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs; one document, or one line for each event and then the document.
    Json,
}

/// Writes one command's result and events.
#[derive(Debug, Clone)]
pub struct Ui {
    /// Text or JSON.
    pub format: Format,
    /// Nothing but the result of a failure.
    pub quiet: bool,
    /// `--home` as it was typed; what to type next needs it too.
    pub home: Option<PathBuf>,
}

impl Ui {
    /// Where a command's events go.
    pub fn sink(&self) -> Arc<dyn Sink> {
        match (self.quiet, self.format) {
            (true, Format::Text) => Arc::new(Results(terminal::Events)),
            (true, Format::Json) => Arc::new(Results(json::Events)),
            (false, Format::Text) => Arc::new(terminal::Events),
            (false, Format::Json) => Arc::new(json::Events),
        }
    }

    /// Asks on the terminal; nobody is there when stdin or stderr is none.
    pub fn ask(&self) -> Arc<Ask> {
        Arc::new(|question| {
            if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
                return None;
            }
            let mut stderr = anstream::stderr().lock();
            write!(stderr, "{question} [y/N] ").ok()?;
            stderr.flush().ok()?;
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer).ok()?;
            Some(answer)
        })
    }

    /// Asks for a secret on the terminal, which shows none of it. Ctrl-C there is an answer of its
    /// own: the terminal must not stay as it is while the secret is typed.
    pub fn ask_secret(&self) -> Arc<crate::archive::seal::Ask> {
        Arc::new(|question| {
            if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
                return None;
            }
            let mut stderr = anstream::stderr().lock();
            write!(stderr, "{}: ", terminal::safe(question)).ok()?;
            stderr.flush().ok()?;
            let secret = terminal::read_hidden();
            writeln!(stderr).ok()?;
            secret.ok().flatten().map(Secret::new)
        })
    }

    /// Writes the result to stdout.
    pub fn report(&self, mut report: Report) -> std::io::Result<()> {
        progress::clear();
        let columns = wrap::columns(&std::io::stdout());
        if let (true, Format::Text, Some(brief)) = (self.quiet, self.format, &report.brief) {
            if brief.is_silent() {
                return Ok(());
            }
            let mut stdout = anstream::stdout().lock();
            terminal::report(&mut stdout, brief, true, columns)?;
            return stdout.flush();
        }
        if self.quiet && !report.answer && report.exit_code() == 0 && self.format == Format::Text {
            return terminal::warnings(&mut anstream::stderr().lock(), &report, wrap::columns(&std::io::stderr()));
        }
        for next in &mut report.next {
            *next = self.typed_here(next);
        }
        let mut stdout = anstream::stdout().lock();
        // Steps were written to the terminal as they ended; there they need no second telling.
        let steps = !(terminal::watched() && std::io::stdout().is_terminal());
        match self.format {
            Format::Text if !std::io::stdout().is_terminal() && verbatim(&report).is_some() => {
                stdout.write_all(verbatim(&report).unwrap_or_default().as_bytes())
            }
            Format::Text => terminal::report(&mut stdout, &report, steps, columns),
            Format::Json => json::report(&mut stdout, &report),
        }?;
        stdout.flush()
    }

    /// Writes an error: to stderr for people, to stdout as a document for programs.
    pub fn error(&self, error: &Error) -> std::io::Result<()> {
        progress::clear();
        let hints: Vec<String> = error.hints().iter().map(|hint| self.typed_here(hint)).collect();
        match self.format {
            Format::Text => {
                let columns = wrap::columns(&std::io::stderr());
                terminal::error(&mut anstream::stderr().lock(), error, &hints, columns)
            }
            Format::Json => json::error(&mut std::io::stdout().lock(), error, &hints),
        }
    }

    /// A text whose `wpp` command lines can be typed as they stand: with the `--home` of this one.
    fn typed_here(&self, text: &str) -> String {
        let Some(home) = self.home.as_ref().filter(|_| !text.contains("--home")) else { return text.to_owned() };
        let program = format!("wpp --home {} ", crate::report::quoted(&home.display().to_string()));
        let text = text.replace("`wpp ", &format!("`{program}"));
        match text.strip_prefix("wpp ") {
            Some(rest) => format!("{program}{rest}"),
            None => text,
        }
    }
}

/// Passes on what is a part of the result, and nothing of how it comes about.
struct Results<S>(S);

impl<S: Sink> Sink for Results<S> {
    fn emit(&self, event: Event) {
        if matches!(event, Event::Output { .. }) {
            self.0.emit(event);
        }
    }
}

/// What to type to read a document: those that wpp brings lie in no folder of the host, and others are named as they are.
pub fn to_read(document: &str) -> String {
    let id = document.strip_suffix(".md").and_then(|path| path.rsplit('/').next()).unwrap_or(document);
    let shipped = crate::runbook::library::SHIPPED.iter().any(|(known, _)| *known == id);
    if shipped && !document.contains("://") { format!("wpp runbook show {id}") } else { document.to_owned() }
}

/// A text that a report only hands on. Written into a file or a pipe, it is what it was, byte for byte.
fn verbatim(report: &Report) -> Option<&str> {
    let hands_on = ["wpp.runbook-show/1", "wpp.drill-show/1"].contains(&report.schema.as_str());
    report.data.get("text").filter(|_| hands_on)?.as_str()
}

/// Writes a page of the manual. A reader that went away has read enough.
pub fn page(text: &str) -> std::io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Whether nobody can read any more what is written to stdout: the other end of the pipe is closed. To write would tell,
/// too, but there may be nothing to write for days.
pub fn reader_is_gone() -> bool {
    use tokio::io::{Interest, unix::AsyncFd};
    if tokio::runtime::Handle::try_current().is_ok() {
        return false;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return false };
    runtime.block_on(async {
        // A file of the disk cannot be asked, and has no reader to lose.
        #[expect(deprecated, reason = "its successor wants a promise that the descriptor stays open, which stdout does")]
        let Ok(stdout) = AsyncFd::with_interest(std::io::stdout(), Interest::ERROR) else { return false };
        tokio::time::timeout(Duration::from_millis(10), stdout.ready(Interest::ERROR)).await.is_ok()
    })
}

/// Writes a line of a result that has no end of its own. A reader that went away is its end.
fn output(out: &mut impl Write, line: &str) {
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    if written.is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_wpp_are_read_by_a_command_that_is_there() {
        assert_eq!(to_read("runbooks/security-hygiene.md"), "wpp runbook show security-hygiene");
        assert_eq!(to_read("runbooks/drills/smoke.md"), "wpp runbook show smoke");
        for other in ["https://example.org/restart.md", "runbooks/of-a-plugin.md", "restart"] {
            assert_eq!(to_read(other), if other == "restart" { "wpp runbook show restart" } else { other });
        }
    }

    #[test]
    fn what_to_type_next_names_the_home_that_was_typed() {
        let ui = |home: Option<&str>| Ui { format: Format::Text, quiet: false, home: home.map(PathBuf::from) };
        assert_eq!(ui(None).typed_here("wpp start"), "wpp start");
        assert_eq!(ui(Some("/h")).typed_here("wpp start"), "wpp --home /h start");
        assert_eq!(ui(Some("/a b")).typed_here("see `wpp logs`"), "see `wpp --home '/a b' logs`");
        assert_eq!(ui(Some("/h")).typed_here("wpp --home /h start"), "wpp --home /h start");
    }
}
