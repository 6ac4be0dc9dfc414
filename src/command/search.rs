//! `wpp search`.

use serde_json::json;

use super::stored::{self, Source};
use crate::app::App;
use crate::daemon::api::SearchAnswer;
use crate::daemon::client::Client;
use crate::error::Result;
use crate::report::{Report, Section, count};
use crate::session::messages::SearchMode;

/// Options of `wpp search`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Finds messages that hold every word, newest first. Words are taken as they are typed, without operators, \
and also match as the beginning of longer words. Works while no daemon runs."
)]
pub struct Args {
    /// Words to look for
    #[arg(value_name = "WORDS", required_unless_present = "rebuild", conflicts_with = "rebuild")]
    words: Vec<String>,
    /// Most messages to show
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Instead of a search, have the daemon make the full-text index anew
    #[arg(long)]
    rebuild: bool,
}

impl Args {
    /// Searches the stored messages.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        if self.rebuild {
            Client::connect(&session)?.rebuild_search()?;
            return Ok(Report::new("search-rebuild", format!("{}: the full-text index was made anew", session.name()))
                .data(json!({ "rebuilt": true })));
        }
        let words = self.words.join(" ");
        let (answer, source) = stored::ask_or_read(
            app,
            &session,
            |client| client.search(&words, self.limit),
            |messages| {
                let found = messages.search(&words, self.limit)?;
                Ok(SearchAnswer { mode: found.mode, problem: found.problem, messages: found.messages })
            },
        )?;
        let answer = answer.unwrap_or(SearchAnswer { mode: SearchMode::Fts, problem: None, messages: Vec::new() });
        let what = match answer.messages.len() {
            0 => "no message matches".to_owned(),
            1 => "1 message".to_owned(),
            found if found == self.limit as usize => format!("the newest {found} messages; --limit shows more"),
            found => count(found, "message", "messages"),
        };
        let mut report = Report::answer("search", format!("{}: {what}{}", session.name(), stored::from(source)));
        if !answer.messages.is_empty() {
            report = report.section(Section::default().table(stored::table(&answer.messages)));
        }
        if answer.mode == SearchMode::Degraded {
            let problem = answer.problem.clone().unwrap_or_default();
            report = report
                .section(Section::default().line(format!(
                    "Degraded: {problem}. The texts were compared one by one; accents and the case of letters beyond ASCII count."
                )))
                .next(match source {
                    Source::Daemon => format!("wpp search --rebuild --session {}", session.name()),
                    Source::File => format!("wpp start --session {0}, then wpp search --rebuild --session {0}", session.name()),
                });
        }
        Ok(report.data(json!({ "mode": answer.mode, "problem": answer.problem, "source": source, "messages": answer.messages })))
    }
}
