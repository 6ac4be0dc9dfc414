//! `wpp messages`.

use serde_json::json;

use super::stored;
use crate::app::App;
use crate::daemon::api::MessagesAnswer;
use crate::error::Result;
use crate::report::{Report, Section, count};
use crate::session::receiver::receiver;

/// Options of `wpp messages`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Lists stored messages, newest first. Works while no daemon runs.")]
pub struct Args {
    /// Only this chat: a phone number with its country code, or a JID from `wpp chats`
    #[arg(long, value_name = "CHAT")]
    chat: Option<String>,
    /// Most messages to show
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

impl Args {
    /// Lists messages.
    pub fn run(self, app: &App) -> Result<Report> {
        // What holds an @ is taken as `wpp chats` shows it, whatever server it names.
        let chat = match self.chat {
            Some(chat) if !chat.contains('@') => Some(receiver(&chat)?),
            chat => chat,
        };
        let session = app.existing_session()?;
        let (answer, source) = stored::ask_or_read(
            app,
            &session,
            |client| client.messages(chat.as_deref(), None, self.limit),
            |messages| Ok(MessagesAnswer { messages: messages.list(chat.as_deref(), None, self.limit)? }),
        )?;
        let messages = answer.map(|answer| answer.messages).unwrap_or_default();
        let title =
            format!("{}: {}, newest first{}", session.name(), count(messages.len(), "message", "messages"), stored::from(source));
        let mut report = Report::answer("messages", title).data(json!({ "source": source, "messages": messages }));
        if !messages.is_empty() {
            report = report.section(Section::default().table(stored::table(&messages)));
        }
        Ok(report)
    }
}
