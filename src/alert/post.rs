//! Hands notices over: to channels of plugins and to the program of a contact. Start with [`deliver`].

use std::time::Duration;

use super::book::{Book, Delivery, Pending, ways_of};
use super::decide::{Kind, Notice};
use super::{BY_COMMAND, Contact, Policy};
use crate::clock::{self, Stopwatch, Timestamp};
use crate::error::{Error, ErrorKind, Result};
use crate::notice::hook;
use crate::plugin::host::Interface;
use crate::plugin::host::words::channel::Message;
use crate::plugin::host::words::types::Severity as Grade;
use crate::plugin::{Plugins, adapt};
use crate::report::Severity;

/// A way that fails after this long or longer is not tried again in the same round.
const SLOW: Duration = Duration::from_secs(5);

/// What notices are handed to.
pub trait Post {
    /// Sends through a channel; says what was seen. `id` is the same when the same is sent again.
    fn send(&self, channel: &str, to: &str, notice: &Notice, id: &str) -> Result<String>;
}

/// The channels that a home's plugins add.
pub struct Channels<'a> {
    /// The plugins.
    pub plugins: Plugins<'a>,
}

impl Post for Channels<'_> {
    fn send(&self, channel: &str, to: &str, notice: &Notice, id: &str) -> Result<String> {
        let loaded = self.plugins.load(channel)?;
        if !loaded.plugin.interfaces().contains(&Interface::Channel) {
            return Err(Error::new(ErrorKind::Usage, format!("the plugin {channel} is no channel"))
                .hint("`wpp channel list` shows the channels"));
        }
        let message = Message {
            to: to.to_owned(),
            session: None,
            title: Some(notice.title.clone()),
            text: notice.text.clone(),
            key: id.to_owned(),
            problem: Some(notice.key.clone()),
            severity: match notice.severity {
                Severity::Ok => Some(Grade::Ok),
                Severity::Info => Some(Grade::Info),
                // The contract's words say how bad it is; what is not known may be bad.
                Severity::Warning | Severity::Unknown => Some(Grade::Warning),
                Severity::Error => Some(Grade::Error),
                Severity::Critical => Some(Grade::Critical),
            },
        };
        let called = loaded.call(async |plugin, powers| plugin.send(powers, &message).await);
        let receipt = called.answer?.map_err(|failure| adapt::error(channel, failure))?;
        Ok(if receipt.queued { "taken, and not sent yet".into() } else { "sent".into() })
    }
}

/// Which of the notices that wait are handed over.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// All, as far as the quiet hours let them.
    All,
    /// These alone, at any hour.
    Notices(&'a [i64]),
}

/// Hands over what waits, each way once; what does not arrive waits for the next time. A way that lets
/// others wait is not tried again in this round.
pub fn deliver(book: &Book<'_>, policy: &Policy, post: &dyn Post, which: Which<'_>, now: Timestamp) -> Result<Vec<Delivery>> {
    deliver_within(book, policy, post, which, now, SLOW)
}

fn deliver_within(
    book: &Book<'_>,
    policy: &Policy,
    post: &dyn Post,
    which: Which<'_>,
    now: Timestamp,
    slow: Duration,
) -> Result<Vec<Delivery>> {
    let quiet = policy.is_quiet(now);
    let of = match which {
        Which::All => None,
        Which::Notices(ids) => Some(ids),
    };
    let may_go = |notice: &Notice| {
        of.is_some() || !quiet || notice.severity == Severity::Critical || matches!(notice.kind, Kind::Notify | Kind::Test)
    };
    let mut done = Vec::new();
    // A program is its contact's own; a channel is everybody's.
    let mut slow_ways: Vec<(String, String)> = Vec::new();
    for (notice_id, way) in book.waiting(of, now, may_go)? {
        let Some(pending) = book.take(notice_id, &way, now.max(clock::now()))? else { continue };
        let owner = if way == BY_COMMAND { pending.notice.contact.clone() } else { String::new() };
        let delivery = if slow_ways.iter().any(|(slow, of)| *slow == way && *of == owner) {
            let observed = "left for the next time: the way just let everybody wait".to_owned();
            Delivery { notice_id, contact: pending.notice.contact, way, delivered: false, observed }
        } else {
            let watch = Stopwatch::start();
            let delivery = hand_over(policy, post, &pending);
            if !delivery.delivered && watch.elapsed() >= slow {
                slow_ways.push((way, owner));
            }
            delivery
        };
        book.sent(&delivery, clock::now())?;
        done.push(delivery);
    }
    Ok(done)
}

/// Hands over what could not be written down: a full disk is what people most want to hear of. Nobody
/// remembers it then, so it is told with every look until it can be.
pub fn deliver_unwritten(policy: &Policy, post: &dyn Post, notices: &[Notice], now: Timestamp) -> Vec<Delivery> {
    let may_go = |notice: &&Notice| !policy.is_quiet(now) || notice.severity == Severity::Critical;
    // No number of the book's, and none that was used before: a channel takes the same for sent already.
    let ids = (1..).map(|number| -now.as_millisecond() - number);
    let mut done = Vec::new();
    for (notice, notice_id) in notices.iter().filter(may_go).zip(ids) {
        let ways = policy.contact(&notice.contact).map(|contact| ways_of(contact, notice)).unwrap_or_default();
        done.extend(ways.into_iter().map(|way| hand_over(policy, post, &Pending { notice_id, way, notice: notice.clone() })));
    }
    done
}

fn hand_over(policy: &Policy, post: &dyn Post, pending: &Pending) -> Delivery {
    let Pending { notice_id, way, notice } = pending;
    let (delivered, observed) = match policy.contact(&notice.contact) {
        None => (false, format!("{} is no contact any more", notice.contact)),
        Some(contact) if way == BY_COMMAND => by_command(contact, notice, *notice_id),
        Some(contact) => match post.send(way, &contact.to, notice, &format!("wpp-alert-{notice_id}-{way}")) {
            Ok(observed) => (true, observed),
            Err(error) => (false, error.chain()),
        },
    };
    Delivery { notice_id: *notice_id, contact: notice.contact.clone(), way: way.clone(), delivered, observed }
}

fn by_command(contact: &Contact, notice: &Notice, id: i64) -> (bool, String) {
    if contact.command.is_empty() {
        return (false, format!("{} has no command any more", contact.name));
    }
    let told = hook::run(&contact.command, &format!("{}\n", document(notice, id)), hook::PATIENCE);
    match (told.ok, told.output.trim()) {
        (false, output) if !output.is_empty() => {
            (false, format!("{}: {}", told.observed, output.lines().last().unwrap_or_default()))
        }
        (ok, _) => (ok, told.observed),
    }
}

/// A notice as a contact's program reads it on its standard input.
pub fn document(notice: &Notice, id: i64) -> serde_json::Value {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        schema: &'static str,
        id: i64,
        #[serde(flatten)]
        notice: &'a Notice,
    }
    // A notice is plain data; it always becomes JSON.
    serde_json::to_value(Document { schema: "wpp.alert-notice/1", id, notice }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::super::tests::{THREE, config};
    use super::super::{About, Desk, escalate, notify};
    use super::*;
    use crate::journal::Journal;

    /// Remembers what was sent; a channel that is down refuses.
    #[derive(Default)]
    struct Memory {
        sent: RefCell<Vec<String>>,
        down: RefCell<Vec<&'static str>>,
        hangs: RefCell<Vec<&'static str>>,
        tried: RefCell<Vec<String>>,
    }

    impl Post for Memory {
        fn send(&self, channel: &str, _to: &str, notice: &Notice, id: &str) -> Result<String> {
            self.tried.borrow_mut().push(format!("{channel} {}", notice.contact));
            if self.hangs.borrow().contains(&channel) {
                std::thread::sleep(Duration::from_millis(30));
                return Err(Error::new(ErrorKind::Unreachable, "it did not answer in time").hint("wait"));
            }
            if self.down.borrow().contains(&channel) {
                return Err(Error::new(ErrorKind::Unreachable, "connection refused").hint("wait"));
            }
            self.sent.borrow_mut().push(format!("{channel} {} {id}", notice.contact));
            Ok("sent".into())
        }
    }

    fn about(key: &str) -> About {
        About {
            key: key.into(),
            severity: Severity::Info,
            title: "a drill begins".into(),
            text: "in 15 min".into(),
            session: None,
        }
    }

    #[test]
    fn what_did_not_arrive_is_tried_again_and_told_until_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let config = config(THREE);
        let (post, book, policy) = (Memory::default(), Book::of(&journal), Policy::of(&config).unwrap());
        let desk = Desk { config: &config, journal: &journal, post: &post };
        *post.down.borrow_mut() = vec!["ntfy"];
        let told = notify(&desk, &about("drill")).unwrap();
        assert!(told.len() == 1 && !told[0].delivered && told[0].observed.contains("refused"), "{told:?}");
        let facts = book.facts(clock::now()).unwrap();
        assert_eq!((facts.undelivered.len(), facts.undelivered[0].contact.as_str()), (1, "on-call"));
        // One way of two.
        let told = escalate(&desk, &about("drill")).unwrap();
        assert_eq!(
            told.iter().map(|one| (one.way.as_str(), one.delivered)).collect::<Vec<_>>(),
            [("slack", true), ("ntfy", false)],
            "what failed the last time comes last"
        );
        post.down.borrow_mut().clear();
        let told = deliver(&book, &policy, &post, Which::All, clock::now()).unwrap();
        assert!(told.len() == 2 && told.iter().all(|one| one.delivered), "{told:?}");
        assert!(book.facts(clock::now()).unwrap().undelivered.is_empty());
        assert!(deliver(&book, &policy, &post, Which::All, clock::now()).unwrap().is_empty());
        let told = escalate(&desk, &about("drill")).unwrap();
        assert!(told.len() == 1 && told[0].contact == "manager" && told[0].delivered, "{told:?}");
        assert!(escalate(&desk, &about("drill")).unwrap().is_empty(), "all were told");
        assert_eq!(book.past(9).unwrap().len(), 3);
    }

    #[test]
    fn a_notice_of_a_sender_that_is_gone_is_sent_by_the_next_and_one_that_is_too_old_is_given_up_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let config = config(THREE);
        let (post, book, policy) = (Memory::default(), Book::of(&journal), Policy::of(&config).unwrap());
        *post.down.borrow_mut() = vec!["ntfy"];
        notify(&Desk { config: &config, journal: &journal, post: &post }, &about("x")).unwrap();
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        let left = |pid: u32| {
            journal.transaction(|db| db.execute("UPDATE alert_delivery SET state = 'sending', pid = ?1", [pid])).unwrap();
        };
        left(std::process::id());
        assert!(deliver(&book, &policy, &post, Which::All, clock::now()).unwrap().is_empty(), "somebody else's");
        left(gone.id());
        assert_eq!(deliver(&book, &policy, &post, Which::All, clock::now()).unwrap().len(), 1);
        let later = clock::now().checked_add(jiff::SignedDuration::from_hours(80)).unwrap();
        assert!(deliver(&book, &policy, &post, Which::All, later).unwrap().is_empty());
        assert!(book.facts(later).unwrap().undelivered[0].given_up);
    }

    fn notice(kind: Kind, contact: &str, severity: Severity) -> Notice {
        let (key, contact) = ("k".to_owned(), contact.to_owned());
        let (title, text) = ("t".to_owned(), "x".to_owned());
        Notice { kind, key, contact, severity, title, text, finding: None, session: None, subject: None, runbook: None }
    }

    #[test]
    fn a_way_that_hangs_lets_others_wait_once_and_what_is_critical_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let config = config("[contacts.ann]\nchannels = [\"hung\"]\n[contacts.bob]\nchannels = [\"fine\"]\n");
        let (post, book, policy) = (Memory::default(), Book::of(&journal), Policy::of(&config).unwrap());
        *post.hangs.borrow_mut() = vec!["hung"];
        let now = clock::now();
        let round = |wanted: &[&str]| {
            deliver_within(&book, &policy, &post, Which::All, clock::now(), Duration::from_millis(10)).unwrap();
            assert_eq!(*post.tried.borrow(), wanted);
            post.tried.borrow_mut().clear();
        };
        let old: Vec<Notice> = (0..9).map(|_| notice(Kind::Recovered, "ann", Severity::Ok)).collect();
        book.write(&policy, &old, now).unwrap();
        book.write(&policy, &[notice(Kind::New, "bob", Severity::Warning)], now).unwrap();
        book.write(&policy, &[notice(Kind::New, "bob", Severity::Critical)], now).unwrap();
        round(&["fine bob", "fine bob", "hung ann"]);
        assert_eq!(book.past(1).unwrap()[0].ways[0].1, "delivered");
        assert_eq!(book.facts(clock::now()).unwrap().undelivered.len(), 9, "each is told of");
        // Not even what is critical for whoever cannot be reached lets others wait.
        book.write(&policy, &[notice(Kind::New, "ann", Severity::Critical)], now).unwrap();
        book.write(&policy, &[notice(Kind::New, "bob", Severity::Warning)], now).unwrap();
        round(&["fine bob", "hung ann"]);
        post.hangs.borrow_mut().clear();
        round(&["hung ann"; 10]);
    }

    #[test]
    fn a_sender_whose_number_somebody_else_has_by_now_is_gone_after_a_while_and_what_it_had_is_undelivered() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let config = config(THREE);
        let (post, book, policy) = (Memory::default(), Book::of(&journal), Policy::of(&config).unwrap());
        let now = clock::now();
        let ids = book.write(&policy, &[notice(Kind::New, "on-call", Severity::Error)], now).unwrap();
        assert!(book.take(ids[0], "ntfy", now).unwrap().is_some());
        assert!(book.take(ids[0], "ntfy", now).unwrap().is_none(), "this process lives");
        assert!(book.facts(now).unwrap().undelivered.is_empty(), "it is on its way");
        let later = now.checked_add(jiff::SignedDuration::from_mins(6)).unwrap();
        assert_eq!(book.facts(later).unwrap().undelivered.len(), 1);
        assert_eq!(deliver(&book, &policy, &post, Which::All, later).unwrap().len(), 1);
        assert!(book.facts(later).unwrap().undelivered.is_empty());
    }

    #[test]
    fn quiet_hours_hold_what_waits_too() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let quiet = config(&format!("{THREE}quiet_hours = \"00:00-23:59\"\ntime_zone = \"UTC\"\n"));
        let (post, book, policy) = (Memory::default(), Book::of(&journal), Policy::of(&quiet).unwrap());
        let notice = |severity| notice(Kind::New, "on-call", severity);
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        book.write(&policy, &[notice(Severity::Error), notice(Severity::Critical)], now).unwrap();
        assert_eq!(deliver(&book, &policy, &post, Which::All, now).unwrap().len(), 1);
        let after = "2026-11-21T23:59:30Z".parse().unwrap();
        assert_eq!(deliver(&book, &policy, &post, Which::All, after).unwrap().len(), 1);
    }
}
