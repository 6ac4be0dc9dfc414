//! `wpp events`.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::json;

use super::stored;
use crate::app::App;
use crate::clock::{self, Stopwatch};
use crate::daemon::client::Client;
use crate::error::{ErrorKind, Result};
use crate::home::SessionPaths;
use crate::report::{Event, Report, Section, Table, count};
use crate::session::messages::{EVENTS_MAX, StreamEvent};

/// How long to look for a daemon that ended before following is given up.
const RETURN_TIMEOUT: Duration = Duration::from_secs(30);
/// The wait between two looks.
const RETURN_WAIT: Duration = Duration::from_millis(250);

/// Options of `wpp events`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Events come in order, each at least once, with an id to resume after. The newest 20,000 are kept; whoever \
resumes from before them gets an event of the kind gap first. Without --follow it also works while no \
daemon runs."
)]
pub struct Args {
    /// Go on with what comes, across restarts of the daemon, until interrupted
    #[arg(long, short)]
    follow: bool,
    /// Only events after this id [default: all that are kept, or with --follow what comes]
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
}

impl Args {
    /// Shows events.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        if self.follow { follow(app, &session, self.after) } else { list(app, &session, self.after) }
    }
}

fn list(app: &App, session: &SessionPaths, after: Option<i64>) -> Result<Report> {
    let (events, source) = stored::ask_or_read(
        app,
        session,
        |client| {
            let mut events = Vec::new();
            client.events(Some(after.unwrap_or(0)), false, |event| {
                events.push(event);
                ControlFlow::Continue(())
            })?;
            Ok(events)
        },
        |messages| Ok(messages.events_after(after.unwrap_or(0), u32::try_from(EVENTS_MAX * 2).unwrap_or(u32::MAX))?.events),
    )?;
    let events = events.unwrap_or_default();
    let rows = events.iter().map(|event| {
        let [id, at, kind, data] = columns(event);
        vec![id, at, kind, data]
    });
    let table = Table::new(["id", "at", "kind", "data"], rows);
    let title = format!("{}: {}{}", session.name(), count(events.len(), "event", "events"), stored::from(source));
    let last = events.last().map(|event| event.id);
    let mut report = Report::answer("events", title).data(json!({ "source": source, "last_id": last, "events": events }));
    if !table.rows.is_empty() {
        report = report.section(Section::default().table(table));
    }
    Ok(report)
}

fn follow(app: &App, session: &SessionPaths, after: Option<i64>) -> Result<Report> {
    let mut last = after;
    // The first time nobody has to be waited for: a daemon that does not run is said at once.
    let mut client = Client::connect(session)?;
    loop {
        if last.is_none() {
            // A place to resume from, even if the stream breaks before its first event.
            last = Some(client.status()?.last_event_id);
        }
        let streamed = client.events(last, true, |event| {
            last = Some(event.id);
            app.emit(Event::Output { text: columns(&event).join("  "), data: json!(event) });
            ControlFlow::Continue(())
        });
        if let Err(error) = streamed
            && error.kind() != ErrorKind::Unreachable
        {
            return Err(error);
        }
        app.emit(Event::Line { text: "the daemon ended the stream; looking for it again".into(), data: serde_json::Value::Null });
        let waiting = Stopwatch::start();
        client = loop {
            std::thread::sleep(RETURN_WAIT);
            match Client::connect(session) {
                Ok(client) => break client,
                Err(error) if error.kind() == ErrorKind::Unreachable && waiting.elapsed() < RETURN_TIMEOUT => {}
                Err(error) => return Err(error.hint(format!("go on later with --after {}", last.unwrap_or(0)))),
            }
        };
    }
}

fn columns(event: &StreamEvent) -> [String; 4] {
    [
        event.id.to_string(),
        clock::rfc3339(clock::from_ms(event.at_ms)),
        stored::line(&event.kind),
        stored::line(&event.data.to_string()),
    ]
}
