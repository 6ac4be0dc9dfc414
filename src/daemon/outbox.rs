//! Decides what leaves the outbox and when; the supervisor sends it.
//!
//! A message is sent until the server answers it, always under the same WhatsApp message id, so that
//! the server and the receivers drop what reached them twice. Nothing is given up in silence: only an
//! answer of the server ends a message. All functions block for a database transaction; the
//! supervisor calls them off the async runtime.
//!
//! The supervisor's part: while READY, call [`Outbox::next_due`] until `None` and hand each [`Due`] to
//! the link; report back with [`Outbox::on_ack`] and [`Outbox::on_send_failed`]; call [`Outbox::tick`]
//! at [`Outbox::wake_at`] and [`Outbox::on_disconnected`] when the connection is lost. On
//! `Order::OutboxChanged` start again.

use rand::RngExt as _;

use super::api::{OutboxState, Outgoing, SendAnswer, SendRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::session::messages::Messages;
use crate::session::receiver::receiver;

/// Longest text of a message, in bytes; WhatsApp's own limit is 65,536 characters.
pub const TEXT_BYTES_MAX: usize = 65_536;
/// Longest client message id.
const CLIENT_ID_MAX: usize = 128;
/// The wait after the first failed try; it doubles with each further one.
const BACKOFF_FIRST_MS: i64 = 1_000;
/// The longest wait between two tries.
const BACKOFF_MAX_MS: i64 = 300_000;

/// A message to hand to the link now. It has been marked as being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// WhatsApp's message id to send it under.
    pub message_id: String,
    /// The receiver's JID.
    pub to: String,
    /// Text.
    pub text: String,
    /// Which try this is, from 1.
    pub tries: u32,
}

/// The outbox of one session.
#[derive(Debug, Clone)]
pub struct Outbox {
    messages: Messages,
    ack_timeout_ms: i64,
}

impl Outbox {
    /// Over the session's database; the time is the setting `daemon.ack_timeout_ms`.
    pub fn new(messages: Messages, ack_timeout_ms: u64) -> Outbox {
        Outbox { messages, ack_timeout_ms: i64::try_from(ack_timeout_ms).unwrap_or(i64::MAX) }
    }

    /// Queues what a caller asks to send. Repeating a client message id answers where that message
    /// stands; afterwards tell the supervisor `Order::OutboxChanged`.
    ///
    /// Fails with [`ErrorKind::Usage`] on a wrong receiver, text or id, and when the id was used for
    /// another content.
    pub fn submit(&self, request: &SendRequest, now_ms: i64) -> Result<SendAnswer> {
        let chat = receiver(&request.to)?;
        check_text(&request.text)?;
        let client_message_id = match &request.client_message_id {
            Some(id) => check_client_id(id)?.to_owned(),
            None => uuid::Uuid::new_v4().to_string(),
        };
        let (row, duplicate) = self.messages.enqueue(&client_message_id, &new_message_id(), &chat, &request.text, now_ms)?;
        Ok(answer(row, duplicate))
    }

    /// Where a message stands.
    pub fn state(&self, client_message_id: &str) -> Result<Option<SendAnswer>> {
        Ok(self.messages.outgoing(client_message_id)?.map(|row| answer(row, true)))
    }

    /// The next message to hand to the link, or `None`: nothing is due, or sending is paused.
    pub fn next_due(&self, now_ms: i64) -> Result<Option<Due>> {
        if self.messages.outbound_paused()? {
            return Ok(None);
        }
        let row = self.messages.take_due(now_ms)?;
        Ok(row.map(|row| Due { message_id: row.message_id, to: row.chat, text: row.text, tries: row.tries }))
    }

    /// The server's answer to a message id: accepted without an error, rejected with one. Returns the
    /// row, or `None` when the id is not one of ours.
    pub fn on_ack(&self, message_id: &str, error: Option<&str>, now_ms: i64) -> Result<Option<Outgoing>> {
        self.messages.answer(message_id, error, now_ms)
    }

    /// The link could not send it: it waits and is tried again.
    pub fn on_send_failed(&self, message_id: &str, error: &str, now_ms: i64) -> Result<Option<Outgoing>> {
        let Some(row) = self.messages.sending()?.into_iter().find(|row| row.message_id == message_id) else { return Ok(None) };
        self.messages.requeue(message_id, now_ms.saturating_add(backoff_ms(row.tries)), Some(error), now_ms)
    }

    /// The connection is gone, and with it the answers: what was being sent goes back into the queue
    /// at once. Returns how many did.
    pub fn on_disconnected(&self, now_ms: i64) -> Result<u64> {
        let mut count = 0;
        for row in self.messages.sending()? {
            let back = self.messages.requeue(
                &row.message_id,
                now_ms,
                Some("the connection was lost before the server answered"),
                now_ms,
            )?;
            count += u64::from(back.is_some());
        }
        Ok(count)
    }

    /// Puts back what the server has not answered within the time. Returns how many.
    pub fn tick(&self, now_ms: i64) -> Result<u64> {
        let mut count = 0;
        for row in self.messages.sending()? {
            if row.due_ms.saturating_add(self.ack_timeout_ms) <= now_ms {
                let error = format!("no answer from the server within {} ms", self.ack_timeout_ms);
                let due = now_ms.saturating_add(backoff_ms(row.tries));
                count += u64::from(self.messages.requeue(&row.message_id, due, Some(&error), now_ms)?.is_some());
            }
        }
        Ok(count)
    }

    /// When to look again: the earliest of a wait that ends and an answer that is overdue, in
    /// milliseconds since the epoch. `None` when only a new message or an answer changes anything.
    pub fn wake_at(&self) -> Result<Option<i64>> {
        let overdue = self.messages.sending()?.iter().map(|row| row.due_ms.saturating_add(self.ack_timeout_ms)).min();
        let due = if self.messages.outbound_paused()? { None } else { self.messages.next_due_ms()? };
        Ok(overdue.into_iter().chain(due).min())
    }

    /// Messages handed to the link and not answered: what a drain waits for.
    pub fn in_flight(&self) -> Result<u64> {
        Ok(self.messages.sending()?.len() as u64)
    }
}

/// The wait after so many tries, without a limit on their number.
fn backoff_ms(tries: u32) -> i64 {
    BACKOFF_FIRST_MS.saturating_mul(1_i64 << tries.saturating_sub(1).min(20)).min(BACKOFF_MAX_MS)
}

/// A WhatsApp message id in the form that its web client makes: 3EB0 and 18 hexadecimal digits.
fn new_message_id() -> String {
    let random: [u8; 9] = rand::rng().random();
    format!("3EB0{}", hex::encode_upper(random))
}

fn answer(row: Outgoing, duplicate: bool) -> SendAnswer {
    SendAnswer {
        client_message_id: row.client_message_id,
        message_id: row.message_id,
        state: row.state,
        duplicate,
        // A message that will be tried again has not failed; its last try is in the outbox's list.
        error: row.error.filter(|_| row.state == OutboxState::Rejected),
    }
}

/// Refuses a text that WhatsApp would not take.
pub fn check_text(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::new(ErrorKind::Usage, "the text is empty").hint("write something to send"));
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::new(ErrorKind::Usage, format!("the text is {} bytes long", text.len()))
            .hint(format!("send at most {TEXT_BYTES_MAX} bytes in one message")));
    }
    Ok(())
}

/// Refuses a client message id that is empty, long, or holds more than visible ASCII.
pub fn check_client_id(id: &str) -> Result<&str> {
    if (1..=CLIENT_ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(id);
    }
    Err(Error::new(ErrorKind::Usage, "the client message id does not follow the rule")
        .hint(format!("use 1 to {CLIENT_ID_MAX} visible ASCII characters without spaces, such as a UUID")))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        _folder: tempfile::TempDir,
        messages: Messages,
        outbox: Outbox,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let messages = Messages::open(&folder.path().join("wpp.db")).unwrap();
        Place { outbox: Outbox::new(messages.clone(), 20_000), messages, _folder: folder }
    }

    fn request(id: &str, to: &str, text: &str) -> SendRequest {
        SendRequest { client_message_id: Some(id.into()), to: to.into(), text: text.into(), wait_ms: 0 }
    }

    const ANNA: &str = "+31612345678";
    const BERT: &str = "31687654321@s.whatsapp.net";

    #[test]
    fn the_same_id_is_the_same_message_and_another_content_under_it_is_refused() {
        let Place { outbox, .. } = &place();
        let first = outbox.submit(&request("a", ANNA, "hi"), 0).unwrap();
        assert!(!first.duplicate && first.message_id.starts_with("3EB0") && first.message_id.len() == 22);
        // The same number written differently is the same receiver.
        let again = outbox.submit(&request("a", "31 6 1234 5678", "hi"), 1).unwrap();
        assert_eq!(again, SendAnswer { duplicate: true, ..first });
        for (to, text) in [(ANNA, "ho"), (BERT, "hi")] {
            assert_eq!(outbox.submit(&request("a", to, text), 2).unwrap_err().kind(), ErrorKind::Usage);
        }
        assert_ne!(outbox.submit(&request("b", ANNA, "hi"), 3).unwrap().message_id, again.message_id);
    }

    #[test]
    fn bad_requests_are_refused_with_a_hint() {
        let Place { outbox, .. } = &place();
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        for (id, to, text) in [
            ("", ANNA, "x"),
            ("a b", ANNA, "x"),
            ("ä", ANNA, "x"),
            (&*"i".repeat(129), ANNA, "x"),
            ("a", "me", "x"),
            ("a", ANNA, " \n"),
            ("a", ANNA, &long),
        ] {
            let error = outbox.submit(&request(id, to, text), 0).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(!error.hints().is_empty());
        }
    }

    #[test]
    fn a_chat_keeps_its_order_and_another_chat_does_not_wait() {
        let Place { outbox, .. } = &place();
        for (id, to) in [("a1", ANNA), ("a2", ANNA), ("b1", BERT)] {
            outbox.submit(&request(id, to, id), 0).unwrap();
        }
        let first = outbox.next_due(1).unwrap().unwrap();
        assert_eq!((first.text.as_str(), first.tries), ("a1", 1));
        assert_eq!(outbox.next_due(1).unwrap().unwrap().text, "b1");
        assert_eq!(outbox.next_due(1).unwrap(), None);
        assert_eq!(outbox.in_flight().unwrap(), 2);
        outbox.on_ack(&first.message_id, None, 2).unwrap();
        assert_eq!(outbox.next_due(2).unwrap().unwrap().text, "a2");
    }

    #[test]
    fn a_silent_server_is_asked_again_later_and_later_under_the_same_id_for_ever() {
        let Place { outbox, .. } = &place();
        outbox.submit(&request("a", ANNA, "hi"), 0).unwrap();
        let id = outbox.next_due(0).unwrap().unwrap().message_id;
        assert_eq!(outbox.wake_at().unwrap(), Some(20_000));
        assert_eq!(outbox.tick(19_999).unwrap(), 0);
        let mut now = 20_000;
        let mut waits = Vec::new();
        for tries in 2..40 {
            assert_eq!(outbox.tick(now).unwrap(), 1);
            let due = outbox.wake_at().unwrap().unwrap();
            waits.push(due - now);
            assert_eq!(outbox.next_due(due - 1).unwrap(), None);
            let next = outbox.next_due(due).unwrap().unwrap();
            assert_eq!((next.message_id.as_str(), next.tries), (id.as_str(), tries));
            now = due + 20_000;
        }
        assert_eq!(waits[..3], [1_000, 2_000, 4_000]);
        assert_eq!(waits.last(), Some(&BACKOFF_MAX_MS));
        // The answer to a try that was given up still counts.
        outbox.tick(now).unwrap();
        assert_eq!(outbox.on_ack(&id, None, now).unwrap().unwrap().state, OutboxState::Accepted);
        assert_eq!(outbox.wake_at().unwrap(), None);
    }

    #[test]
    fn a_refusal_ends_a_message_and_a_failed_try_does_not() {
        let Place { outbox, messages, .. } = &place();
        outbox.submit(&request("a", ANNA, "hi"), 0).unwrap();
        let id = outbox.next_due(0).unwrap().unwrap().message_id;
        let row = outbox.on_send_failed(&id, "socket closed", 10).unwrap().unwrap();
        assert_eq!((row.state, row.due_ms), (OutboxState::Queued, 1_010));
        assert_eq!(outbox.on_send_failed(&id, "twice", 10).unwrap(), None);
        assert_eq!(outbox.state("a").unwrap().unwrap().error, None);
        outbox.next_due(1_010).unwrap().unwrap();
        outbox.on_ack(&id, Some("479"), 1_020).unwrap();
        let state = outbox.state("a").unwrap().unwrap();
        assert_eq!((state.state, state.error.as_deref()), (OutboxState::Rejected, Some("479")));
        // A late clean answer does not turn a refusal into an acceptance.
        outbox.on_ack(&id, None, 1_030).unwrap();
        assert_eq!(outbox.state("a").unwrap().unwrap().state, OutboxState::Rejected);
        assert_eq!(messages.counts().unwrap().messages, 0);
        assert_eq!(outbox.on_ack("3EB0UNKNOWN", None, 1).unwrap(), None);
    }

    #[test]
    fn a_lost_connection_puts_everything_back_at_once_and_a_pause_holds_it() {
        let Place { outbox, messages, .. } = &place();
        outbox.submit(&request("a", ANNA, "hi"), 0).unwrap();
        outbox.next_due(0).unwrap().unwrap();
        assert_eq!(outbox.on_disconnected(5).unwrap(), 1);
        messages.set_outbound_paused(true).unwrap();
        assert_eq!(outbox.next_due(5).unwrap(), None);
        assert_eq!(outbox.wake_at().unwrap(), None);
        messages.set_outbound_paused(false).unwrap();
        assert_eq!(outbox.next_due(5).unwrap().unwrap().tries, 2);
    }

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        assert_eq!([1, 2, 3, 9, 10, u32::MAX].map(backoff_ms), [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
    }
}
