//! `wpp chats`.

use serde_json::json;

use super::stored;
use crate::app::App;
use crate::clock;
use crate::daemon::api::ChatsAnswer;
use crate::error::Result;
use crate::report::{Report, Section, Table, count};

/// Options of `wpp chats`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Lists the chats that hold messages, the one with the newest first. Works while no daemon runs.")]
pub struct Args {}

impl Args {
    /// Lists the chats.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        let (answer, source) =
            stored::ask_or_read(app, &session, |client| client.chats(), |messages| Ok(ChatsAnswer { chats: messages.chats()? }))?;
        let chats = answer.map(|answer| answer.chats).unwrap_or_default();
        let rows = chats.iter().map(|chat| {
            let last = clock::rfc3339(clock::from_ms(chat.last_message_ms));
            vec![last, stored::line(&chat.jid), stored::line(&chat.name), chat.messages.to_string()]
        });
        let table = Table::new(["newest", "chat", "name", "messages"], rows);
        let title = format!("{}: {}{}", session.name(), count(chats.len(), "chat", "chats"), stored::from(source));
        let mut report = Report::answer("chats", title).data(json!({ "source": source, "chats": chats }));
        if !table.rows.is_empty() {
            report = report.section(Section::default().table(table));
        }
        Ok(report)
    }
}
