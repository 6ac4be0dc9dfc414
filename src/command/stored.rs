//! What the commands that look at stored messages share: they ask the daemon, and read the database
//! themselves when none answers.

use serde::Serialize;

use crate::app::App;
use crate::clock;
use crate::daemon::client::Client;
use crate::disk::{Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, SessionPaths};
use crate::lifecycle::lost_messages;
use crate::report::Table;
use crate::session::messages::{Message, Messages};

/// Who gave the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The session's daemon.
    Daemon,
    /// The database, read while no daemon answers.
    File,
}

/// Asks the daemon; reads the database when no daemon answers. `None` when there is no database yet.
///
/// # Errors
/// [`ErrorKind::Denied`] when there is none any more, as [`lost_messages`] tells: lost messages are not no messages.
/// [`ErrorKind::Locked`] while a restore puts another in its place.
pub fn ask_or_read<T>(
    app: &App,
    session: &SessionPaths,
    ask: impl FnOnce(&Client) -> Result<T>,
    read: impl FnOnce(&Messages) -> Result<T>,
) -> Result<(Option<T>, Source)> {
    match Client::connect(session).and_then(|client| ask(&client)) {
        Ok(answer) => Ok((Some(answer), Source::Daemon)),
        Err(error) if error.kind() == ErrorKind::Unreachable => {
            let messages = match Messages::open_read_only(session)? {
                Some(messages) => Some(messages),
                None => look_again(app.home(), session)?,
            };
            Ok((messages.as_ref().map(read).transpose()?, Source::File))
        }
        Err(error) => Err(error),
    }
}

/// The database that a first look did not find: a restore that swaps it leaves none for a moment.
fn look_again(home: &Home, session: &SessionPaths) -> Result<Option<Messages>> {
    if let LockState::Held(Some(owner)) = Lock::look(&session.lock())?
        && owner.role != "daemon"
    {
        let text = format!("the files of session {} are in the hands of process {} ({})", session.name(), owner.pid, owner.role);
        return Err(Error::new(ErrorKind::Locked, text).hint(format!("wait until that {} ends, then try again", owner.role)));
    }
    match Messages::open_read_only(session)? {
        Some(messages) => Ok(Some(messages)),
        None => lost_messages(home, session)?.map_or(Ok(None), Err),
    }
}

/// A name for people, of who gave the answer.
pub fn from(source: Source) -> &'static str {
    match source {
        Source::Daemon => "",
        Source::File => " (read from the file; no daemon answers)",
    }
}

/// Messages as rows, one line each.
pub fn table(messages: &[Message]) -> Table {
    let rows = messages.iter().map(|message| {
        let who = if message.from_me { "me".to_owned() } else { line(&message.sender) };
        let text = match (message.kind.as_str(), message.text.is_empty()) {
            ("text", false) => line(&message.text),
            (kind, true) => format!("[{}]", line(kind)),
            (kind, false) => format!("[{}] {}", line(kind), line(&message.text)),
        };
        vec![clock::rfc3339(clock::from_ms(message.sent_ms)), line(&message.chat), who, text]
    });
    Table::new(["sent", "chat", "from", "text"], rows)
}

/// Longest text shown in a row, in characters.
const SHOWN_MAX: usize = 120;

/// Somebody else's text, fit for one line of a terminal: no control character reaches it, nor any
/// that turns the direction of writing.
pub fn line(text: &str) -> String {
    let mut shown = String::new();
    for (number, c) in text.chars().enumerate() {
        if number == SHOWN_MAX {
            shown.push('…');
            break;
        }
        shown.push(match c {
            c if c.is_whitespace() => ' ',
            c if crate::ui::terminal::steers(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_being_replaced_is_neither_lost_nor_empty() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let session = home.session("main");
        std::fs::create_dir_all(session.folder()).unwrap();
        assert!(look_again(&home, &session).unwrap().is_none(), "there never was one");

        let restore = Lock::acquire(&session.lock(), "restore").unwrap();
        assert_eq!(look_again(&home, &session).unwrap_err().kind(), ErrorKind::Locked);
        // The new one is in place, after the first look found none.
        drop(Messages::open(&session.wpp_db()).unwrap());
        drop(restore);
        assert!(look_again(&home, &session).unwrap().is_some());
    }

    #[test]
    fn what_a_stranger_wrote_cannot_steer_the_terminal() {
        assert_eq!(line("a\u{1b}[2Jb\n\tc\u{202e}d"), "a\u{fffd}[2Jb  c\u{fffd}d");
        assert_eq!(line(&"é".repeat(300)).chars().count(), SHOWN_MAX + 1);
    }
}
