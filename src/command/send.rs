//! `wpp send`.

use std::io::Read;
use std::path::PathBuf;

use serde_json::json;

use super::gateway::{gateway_site, refuse_on_gateway};
use crate::app::App;
use crate::clock::Stopwatch;
use crate::daemon::api::{OutboxState, SendRequest};
use crate::daemon::client::Client;
use crate::daemon::outbox::{TEXT_BYTES_MAX, check_client_id, check_text};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::gateway::Gateway;
use crate::report::{Report, Section, Verdict, quoted, session_option};
use crate::session::receiver::receiver;

/// How long to wait for the server's acknowledgement, in seconds.
const WAIT: u64 = 30;

/// Options of `wpp send`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The message goes into the session's outbox and leaves it when the session is connected; it survives a \
restart. It counts as sent when WhatsApp's server acknowledged it.\n\n\
Exit codes: 0 acknowledged (or queued, with --wait 0), 4 refused by the server, 5 queued but not \
acknowledged within the time, 13 the session is not linked to a phone, 14 no daemon answers. A daemon that was \
asked and did not answer may have taken the message all the same: the error then names the message's id, and the command \
that repeats it with --id, which never sends it twice.\n\n\
With --session CHANNEL:SESSION the message is handed to a gateway, once. What it says then is all that is known: most gateways \
do not tell whether WhatsApp acknowledged the message, and send it again when they are asked again, whatever --id says.")]
pub struct Args {
    /// Receiver: a phone number with its country code (+31612345678) or a JID
    #[arg(value_name = "TO")]
    to: String,
    /// The text
    #[arg(value_name = "TEXT", required_unless_present = "text_file", conflicts_with = "text_file")]
    text: Option<String>,
    /// Read the text from a file, or from standard input with -
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    text_file: Option<PathBuf>,
    /// Your own id for this message: repeating the command with it never sends the message twice
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// How long to wait for the server's acknowledgement; 0 returns once the message is queued [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=120))]
    wait: Option<u64>,
}

impl Args {
    /// Sends one message.
    pub fn run(self, app: &App) -> Result<Report> {
        // All that can be wrong with the words is said before anything is touched.
        if let Some(id) = &self.id {
            check_client_id(id)?;
        }
        let text = match (&self.text, &self.text_file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => read_text(path)?,
            // clap lets no line through that has neither.
            (None, None) => String::new(),
        };
        check_text(&text)?;
        if let Some((gateway, session)) = app.gateway_session()? {
            refuse_on_gateway(self.wait.is_some(), "--wait", "what a gateway answers is all that it tells")?;
            return on_gateway(app, &gateway, session, &self.to, &text, self.id);
        }
        let to = receiver(&self.to)?;
        let wait = self.wait.unwrap_or(WAIT);
        let session = app.existing_session()?;
        let name = session.name();
        // Made here and not by the daemon: who gets no answer must know it, too.
        let id = self.id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let again = self.again(name, &id);
        let request = SendRequest { client_message_id: Some(id), to, text, wait_ms: wait * 1000 };
        let client = Client::connect(&session)?;
        let watch = Stopwatch::start();
        let answer = client.send(&request).map_err(|error| match error.client_message_id() {
            Some(_) => error.first_hint(format!("repeat it with its id, which never sends it twice: `{again}`")),
            None => error,
        })?;
        let took_ms = watch.elapsed_ms();
        let (title, verdict, next) = match answer.state {
            OutboxState::Accepted if answer.duplicate => ("had been sent before; not sent again", Verdict::Pass, None),
            OutboxState::Accepted => ("sent", Verdict::Pass, None),
            OutboxState::Rejected => {
                ("refused by the server", Verdict::Fail, Some("correct it and send it under a new id".to_owned()))
            }
            OutboxState::Queued | OutboxState::Sending if wait == 0 => ("queued", Verdict::Pass, None),
            // What was queued stays so, whatever becomes of this question.
            OutboxState::Queued if wait > 0 && client.status().is_ok_and(|status| status.outbound_paused) => {
                ("queued; sending is paused", Verdict::Unknown, Some(format!("wpp outbound resume --session {name}")))
            }
            OutboxState::Queued | OutboxState::Sending => (
                "queued; the server has not acknowledged it yet",
                Verdict::Unknown,
                Some(format!("wpp status --session {name} says why; asking again does not send it twice: `{again}`")),
            ),
        };
        let mut section = Section::default().field("id", &answer.client_message_id).field("message id", &answer.message_id);
        if let Some(error) = &answer.error {
            section = section.field("server's error", error);
        }
        let mut report = Report::new("send", title).verdict(verdict).section(section).data(json!(answer));
        report.data["took_ms"] = json!(took_ms);
        report.next.extend(next);
        Ok(report)
    }

    /// The line that asks for the same message again, as it is typed.
    fn again(&self, session: &str, id: &str) -> String {
        let between = if id.starts_with('-') { '=' } else { ' ' };
        let mut line = format!("wpp send {} --id{between}{}", session_option(session), quoted(id));
        if let Some(wait) = self.wait {
            line.push_str(&format!(" --wait {wait}"));
        }
        if let Some(path) = &self.text_file {
            line.push_str(&format!(" --text-file {}", quoted(&path.display().to_string())));
        }
        // What begins as an option does is none behind this.
        if [Some(&self.to), self.text.as_ref()].into_iter().flatten().any(|word| word.starts_with('-')) {
            line.push_str(" --");
        }
        for word in [Some(&self.to), self.text.as_ref()].into_iter().flatten() {
            line.push_str(&format!(" {}", quoted(word)));
        }
        line
    }
}

fn on_gateway(app: &App, gateway: &Gateway, session: &str, to: &str, text: &str, id: Option<String>) -> Result<Report> {
    if to.trim().is_empty() {
        return Err(Error::new(ErrorKind::Usage, "the receiver is empty")
            .hint("give a phone number with its country code, or what the gateway calls a chat"));
    }
    let key = id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let receipt = gateway_site(app, gateway, session, &**app.sink())?.send(to, text, &key)?;
    let (title, state) = match receipt.queued {
        true => ("queued by the gateway", "queued"),
        false => ("handed to the gateway", "handed_over"),
    };
    let mut section = Section::default().field("id", &key);
    if let Some(id) = &receipt.id {
        section = section.field("message id", id);
    }
    let section = section.line("asked again, the gateway may send it twice, unless it tells messages apart by their id");
    Ok(Report::new("send", title).section(section).data(json!({
        "client_message_id": key, "message_id": receipt.id, "state": state,
    })))
}

fn read_text(path: &std::path::Path) -> Result<String> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that too long a text is seen as such.
    let limit = TEXT_BYTES_MAX as u64 + 1;
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.context(ErrorKind::Usage, || format!("cannot read the text from {}", path.display()))
        .map_err(|error| error.hint("check the path; - reads standard input"))?;
    // A text cut off in the middle of a character is too long before it is wrong.
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("the text in {} is longer than {TEXT_BYTES_MAX} bytes", path.display()),
        )
        .hint("send it in parts"));
    }
    let mut text = String::from_utf8(bytes)
        .context(ErrorKind::Usage, || format!("the text in {} is not UTF-8", path.display()))
        .map_err(|error| error.hint("convert it, for example with iconv"))?;
    // Files and pipes end with a line end that nobody typed.
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
