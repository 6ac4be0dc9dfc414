//! The verbs on gateways: where their sessions stand, starting, stopping, restarting and linking them,
//! sending with them, and their webhooks.
//!
//! A plugin answers one question in one call, which has a deadline. Asking again, waiting between the
//! calls and judging what was seen is done here, as [`crate::lifecycle`] does it for sessions of this
//! host. A gateway that says yes is not believed before its session shows it. Start with
//! [`Gateway::open`], then [`Site`].

mod link;
pub mod picture;
mod webhooks;

pub use link::Linking;
pub use webhooks::Webhook;

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::clock::{self, Stopwatch};
use crate::confirm::Confirmed;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt;
use crate::journal::{Journal, Outcome};
use crate::plugin::host::words::channel::{Message, Receipt};
use crate::plugin::host::words::sessions::{Session, State as Told};
use crate::plugin::host::words::types::{Failure, FailureKind};
use crate::plugin::host::{Called, Interface, Plugin};
use crate::plugin::powers::Powers;
use crate::plugin::registry::Registry;
use crate::plugin::{Loaded, Plugins, adapt};
use crate::report::{Sink, Step, Steps};
use crate::session::state::{Reason, State};

/// How long a session may be on its way (BOOTING, CONNECTING, SYNCING, RECONNECTING) before it is stuck.
pub const STUCK_MS: i64 = 120_000;

/// How long is waited before a session is looked at again: at first, and at most.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// A session that is as it was before an act is believed to have come to rest so at this look.
const LOOKS_AT_REST: usize = 3;

/// A gateway to WhatsApp, behind its plugin.
pub struct Gateway {
    name: String,
    loaded: Loaded,
}

/// Where a session of a gateway stands: in JSON the fields of `wpp status` that mean the same, and the
/// gateway's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Its address: `openwa:sales`.
    pub session: String,
    /// Where it stands, in wpp's words.
    pub state: State,
    /// Why.
    pub reason: Why,
    /// The last error that the gateway tells of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Since when, milliseconds since the epoch, when the gateway tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// The plugin.
    pub channel: String,
    /// What the gateway calls the session.
    pub id: String,
    /// The gateway's own word for the state.
    pub told: String,
    /// The number that it is linked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether it ought to have come further long ago.
    pub stuck: bool,
}

/// Why a session of a gateway stands where it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Why {
    /// In wpp's words.
    Known(Reason),
    /// In a word of the plugin's own.
    Other(String),
}

impl Why {
    fn new(word: String) -> Why {
        Reason::named(&word).map_or(Why::Other(word), Why::Known)
    }

    /// The reason, where it is one of wpp's.
    pub fn known(&self) -> Option<Reason> {
        match self {
            Why::Known(reason) => Some(*reason),
            Why::Other(_) => None,
        }
    }

    /// The name shown to people and machines.
    pub fn name(&self) -> String {
        match self {
            Why::Known(reason) => reason.name(),
            Why::Other(word) => word.clone(),
        }
    }
}

impl Standing {
    fn new(channel: &str, session: Session, now_ms: i64) -> Standing {
        let state = match session.state {
            Told::Stopped => State::Stopped,
            Told::Booting => State::Booting,
            Told::AuthRequired => State::AuthRequired,
            Told::Connecting => State::Connecting,
            Told::Syncing => State::Syncing,
            Told::Ready => State::Ready,
            Told::Reconnecting => State::Reconnecting,
            Told::Degraded => State::Degraded,
            Told::Error => State::Error,
        };
        let since_ms = session.since_ms.and_then(|since_ms| i64::try_from(since_ms).ok());
        let passing = matches!(state, State::Booting | State::Connecting | State::Syncing | State::Reconnecting);
        let old = since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) > STUCK_MS);
        let reason = Why::new(session.reason);
        let known =
            matches!(reason.known(), Some(Reason::ConnectFailure | Reason::AcceptedNotOpened | Reason::OfflineSyncStalled));
        Standing {
            session: format!("{channel}:{}", session.name),
            state,
            reason,
            detail: session.trouble,
            since_ms,
            channel: channel.to_owned(),
            id: session.id,
            told: session.told,
            phone: session.phone,
            stuck: passing && (old || known),
        }
    }

    /// What differs when something has happened to it.
    fn moment(&self) -> (State, &str, Option<i64>) {
        (self.state, &self.told, self.since_ms)
    }
}

impl Gateway {
    /// The gateway behind a plugin of the home.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when there is no such plugin, or it is not one of a gateway.
    pub fn open(plugins: &Plugins<'_>, name: &str) -> Result<Gateway> {
        if !is_gateway(plugins.registry(), name) {
            let others: Vec<&str> = names(plugins.registry()).collect();
            let error = Error::new(
                ErrorKind::Usage,
                match plugins.registry().pinned(name) {
                    Ok(_) => format!("the plugin {name} is no gateway: it has no sessions"),
                    Err(_) => format!("there is no gateway {name}: no plugin of that name was added"),
                },
            );
            return Err(match others.as_slice() {
                [] => error.hint("`wpp plugin add FILE` adds one; a session of this host is named without a colon"),
                others => error.hint(format!("there are {}", others.join(", "))),
            });
        }
        Ok(Gateway { name: name.to_owned(), loaded: plugins.load(name)? })
    }

    /// The plugin's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One call, and what the plugin answered.
    fn ask<T>(&self, call: impl AsyncFnOnce(&Plugin, Powers) -> Called<Answer<T>>) -> Result<Answer<T>> {
        self.loaded.call(call).answer
    }

    /// One call, whose failure is an error.
    fn told<T>(&self, call: impl AsyncFnOnce(&Plugin, Powers) -> Called<Answer<T>>) -> Result<T> {
        self.ask(call)?.map_err(|failure| adapt::error(&self.name, failure))
    }

    /// Where all of its sessions stand.
    pub fn sessions(&self) -> Result<Vec<Standing>> {
        let sessions = self.told(async |plugin, powers| plugin.sessions(powers).await)?;
        Ok(sessions.into_iter().map(|session| Standing::new(&self.name, session, clock::now_ms())).collect())
    }

    /// Where one of its sessions stands.
    ///
    /// # Errors
    /// [`ErrorKind::NoSession`] when the gateway has no such session.
    pub fn status(&self, session: &str) -> Result<Standing> {
        let seen = self.ask(async |plugin, powers| plugin.status(powers, session).await)?;
        let seen = seen.map_err(|failure| adapt::error_of_session(&self.name, failure))?;
        Ok(Standing::new(&self.name, seen, clock::now_ms()))
    }

    fn needs(&self, interface: Interface, what: &str) -> Result<()> {
        if self.loaded.plugin.interfaces().contains(&interface) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Usage, format!("the plugin {} {what}", self.name))
            .hint(format!("`wpp plugin info {}` says what it offers", self.name)))
    }
}

type Answer<T> = std::result::Result<T, Failure>;

/// The home's gateways: its plugins that have sessions. No plugin is loaded for that.
pub fn names(registry: &Registry) -> impl Iterator<Item = &str> {
    registry.offering(Interface::Sessions)
}

/// Whether a plugin of the home is a gateway.
pub fn is_gateway(registry: &Registry, name: &str) -> bool {
    names(registry).any(|known| known == name)
}

/// One session of a gateway and all that its verbs need.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The gateway.
    pub gateway: &'a Gateway,
    /// The session, as operators call it.
    pub session: &'a str,
    /// Where every act is written down before it is done.
    pub journal: &'a Journal,
    /// Takes events.
    pub sink: &'a dyn Sink,
}

/// How a start, a stop or a restart ended.
#[derive(Debug)]
pub struct Done {
    /// What was done, and what was seen of it.
    pub steps: Vec<Step>,
    /// Where the session stands now.
    pub standing: Standing,
    /// Whether there was nothing to do.
    pub already: bool,
    /// Whether the session came to where it was to come.
    pub good: bool,
    /// Milliseconds from the call to the last look.
    pub took_ms: u64,
}

/// What was seen of a session while it was waited for.
struct Watched {
    standing: Standing,
    /// Whether it came to rest in time.
    rested: bool,
    /// Its states, in order, each once in a row.
    states: Vec<State>,
}

/// How a restart was begun.
enum Restarting {
    /// The gateway does it by its own means.
    ByItself,
    /// It was stopped, as it was seen then, and is being started.
    Started(Standing),
    /// It was to be stopped, and is not.
    NotStopped(Standing),
}

/// Whether what a session shows is what came of an act. What it was before does not count at first: a
/// gateway may say yes long before it does something.
struct Belief<'a> {
    before: Option<&'a Standing>,
    /// Whether the act is sure to show: then what was before never counts.
    moves: bool,
    moved: bool,
    looks: usize,
}

impl Belief<'_> {
    /// Takes one more look.
    fn after(&mut self, seen: &Standing) -> bool {
        self.looks += 1;
        self.moved |= self.before.is_some_and(|before| before.moment() != seen.moment());
        self.moved || (!self.moves && self.looks >= LOOKS_AT_REST)
    }
}

impl Watched {
    fn observed(&self) -> String {
        let way: Vec<&str> = self.states.iter().map(|state| state.name()).collect();
        let last = crate::linking::described(self.standing.state, &self.standing.reason.name(), self.standing.detail.as_deref());
        let mut text =
            way.split_last().map(|(_, before)| before.iter().map(|name| format!("{name}, ")).collect()).unwrap_or_default();
        text = format!("{text}{last}, which the gateway calls {:?}", self.standing.told);
        if !self.rested {
            text.push_str(", and the time was over");
        }
        text
    }
}

impl Site<'_> {
    /// Its address.
    pub fn address(&self) -> String {
        format!("{}:{}", self.gateway.name, self.session)
    }

    fn act<T>(&self, verb: &str, data: &serde_json::Value, act: impl FnOnce() -> Result<Answer<T>>) -> Result<Answer<T>> {
        self.act_well(verb, data, act, Answer::is_ok)
    }

    /// The same where `good` says whether it is done.
    fn act_well<T>(
        &self,
        verb: &str,
        data: &serde_json::Value,
        act: impl FnOnce() -> Result<Answer<T>>,
        good: impl FnOnce(&Answer<T>) -> bool,
    ) -> Result<Answer<T>> {
        journaled(self.journal, Some(&self.address()), verb, data, act, good)
    }

    fn error(&self, failure: Failure) -> Error {
        adapt::error_of_session(&self.gateway.name, failure)
    }

    /// Where it stands; `None` when the gateway has no such session.
    fn look(&self) -> Result<Option<Standing>> {
        match self.gateway.status(self.session) {
            Ok(standing) => Ok(Some(standing)),
            Err(error) if error.kind() == ErrorKind::NoSession => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Looks again and again until the session rests as `rests` says and that is to be believed, or the
    /// patience is over; `before` and `moves` are those of [`Belief`].
    fn watch(
        &self,
        before: Option<&Standing>,
        moves: bool,
        patience: Duration,
        rests: impl Fn(&Standing) -> bool,
    ) -> Result<Watched> {
        let deadline = Instant::now() + patience;
        let mut pause = PAUSE_FIRST;
        let mut states = Vec::new();
        let mut belief = Belief { before, moves, moved: before.is_none(), looks: 0 };
        loop {
            let seen = self.gateway.status(self.session);
            if let Ok(standing) = &seen {
                let believed = belief.after(standing);
                if states.last() != Some(&standing.state) {
                    states.push(standing.state);
                }
                if rests(standing) && believed {
                    return Ok(Watched { standing: standing.clone(), rested: true, states });
                }
            }
            let over = Instant::now() >= deadline;
            match seen {
                Ok(standing) if over => return Ok(Watched { standing, rested: false, states }),
                Err(error) if over || !passes(&error) => return Err(error),
                _ => {}
            }
            interrupt::sleep(pause.min(deadline.saturating_duration_since(Instant::now())))?;
            pause = (pause * 3 / 2).min(PAUSE_MAX);
        }
    }

    /// Starts the session, and waits until it is READY, asks for a phone, or is in ERROR.
    ///
    /// # Errors
    /// What the gateway refuses, and what it cannot do at all ([`ErrorKind::Usage`]).
    pub fn start(&self, patience: Duration) -> Result<Done> {
        let watch = Stopwatch::start();
        let mut steps = Steps::new(self.sink);
        let before = self.look()?;
        if let Some(standing) = before.clone().filter(|before| before.state == State::Ready) {
            return Ok(Done { steps: Vec::new(), standing, already: true, good: true, took_ms: watch.elapsed_ms() });
        }
        let already = self.start_from(before.is_some(), &mut steps)?;
        let (standing, good) = self.arrive(before.as_ref(), false, patience, &mut steps)?;
        Ok(Done { steps: steps.done, standing, already, good, took_ms: watch.elapsed_ms() })
    }

    /// Says start; whether the gateway says that it had been started before.
    fn start_from(&self, known: bool, steps: &mut Steps<'_>) -> Result<bool> {
        let title = "have the gateway start it";
        let watch = steps.begin(title);
        let call = || self.gateway.ask(async |plugin, powers| plugin.start(powers, self.session).await);
        let started = |answer: &Answer<()>| match answer {
            Ok(()) => true,
            Err(failure) => known && failure.kind == FailureKind::Conflict,
        };
        let already = match self.act_well("start", &serde_json::json!({}), call, started)? {
            Ok(()) => false,
            answer @ Err(_) if started(&answer) => true,
            Err(failure) => return Err(self.error(failure)),
        };
        let observed = if already { "it had been started before" } else { "it says yes" };
        steps.end(watch, title, "it says yes", observed.into(), true);
        Ok(already)
    }

    /// Waits until a session that was started is somewhere, and whether that is where it was to come.
    fn arrive(
        &self,
        before: Option<&Standing>,
        moves: bool,
        patience: Duration,
        steps: &mut Steps<'_>,
    ) -> Result<(Standing, bool)> {
        let title = "wait for the session";
        let watch = steps.begin(title);
        let rests = |standing: &Standing| matches!(standing.state, State::Ready | State::AuthRequired | State::Error);
        let watched = self.watch(before, moves, patience, rests)?;
        let good = watched.rested && watched.standing.state != State::Error;
        steps.end(watch, title, "READY or AUTH_REQUIRED", watched.observed(), good);
        Ok((watched.standing, good))
    }

    /// Stops the session, and waits until it is.
    ///
    /// # Errors
    /// What the gateway refuses, and what it cannot do at all ([`ErrorKind::Usage`]).
    pub fn stop(&self, patience: Duration) -> Result<Done> {
        let watch = Stopwatch::start();
        let before = self.gateway.status(self.session)?;
        if before.state == State::Stopped {
            return Ok(Done { steps: Vec::new(), standing: before, already: true, good: true, took_ms: watch.elapsed_ms() });
        }
        let mut steps = Steps::new(self.sink);
        let (standing, good) = self.stop_from(&before, patience, &mut steps)?.map_err(|failure| self.error(failure))?;
        Ok(Done { steps: steps.done, standing, already: false, good, took_ms: watch.elapsed_ms() })
    }

    fn stop_from(&self, before: &Standing, patience: Duration, steps: &mut Steps<'_>) -> Result<Answer<(Standing, bool)>> {
        let title = "have the gateway stop it";
        let watch = steps.begin(title);
        let call = || self.gateway.ask(async |plugin, powers| plugin.stop(powers, self.session).await);
        if let Err(failure) = self.act("stop", &serde_json::json!({}), call)? {
            return Ok(Err(failure));
        }
        steps.end(watch, title, "it says yes", "it says yes".into(), true);
        let title = "confirm that it stopped";
        let watch = steps.begin(title);
        let watched = self.watch(Some(before), false, patience, |standing| standing.state == State::Stopped)?;
        steps.end(watch, title, "STOPPED", watched.observed(), watched.rested);
        Ok(Ok((watched.standing, watched.rested)))
    }

    /// Restarts the session, by the gateway's own means where it has some, else by a stop and a start;
    /// then waits as [`Site::start`] does. A session that was READY is to be READY again, and to show
    /// that something happened to it, where the gateway tells since when it is in its state.
    ///
    /// # Errors
    /// What the gateway refuses, and what it cannot do at all ([`ErrorKind::Usage`]).
    pub fn restart(&self, to_stop: Duration, to_start: Duration) -> Result<Done> {
        let watch = Stopwatch::start();
        let mut steps = Steps::new(self.sink);
        let before = self.gateway.status(self.session)?;
        let begun = self.act_well(
            "restart",
            &serde_json::json!({}),
            || self.restart_from(&before, to_stop, &mut steps),
            |begun| matches!(begun, Ok(Restarting::ByItself | Restarting::Started(_))),
        )?;
        let (standing, good) = match begun.map_err(|failure| self.error(failure))? {
            Restarting::ByItself => self.arrive(Some(&before), before.since_ms.is_some(), to_start, &mut steps)?,
            Restarting::Started(stopped) => self.arrive(Some(&stopped), false, to_start, &mut steps)?,
            Restarting::NotStopped(standing) => (standing, false),
        };
        let good = good && (before.state != State::Ready || standing.state == State::Ready);
        Ok(Done { steps: steps.done, standing, already: false, good, took_ms: watch.elapsed_ms() })
    }

    /// Says restart, or stop and then start.
    fn restart_from(&self, before: &Standing, to_stop: Duration, steps: &mut Steps<'_>) -> Result<Answer<Restarting>> {
        let title = "have the gateway restart it";
        let watch = steps.begin(title);
        let refused = match self.gateway.ask(async |plugin, powers| plugin.restart(powers, self.session).await)? {
            Ok(()) => {
                steps.end(watch, title, "it says yes", "it says yes".into(), true);
                return Ok(Ok(Restarting::ByItself));
            }
            Err(refused) if refused.kind == FailureKind::Unsupported => refused,
            Err(failure) => return Ok(Err(failure)),
        };
        steps.end(watch, title, "yes, or that it must be stopped and started", refused.message.clone(), true);
        let stopped = match before.state {
            State::Stopped => Ok((before.clone(), true)),
            _ => self.stop_from(before, to_stop, steps)?,
        };
        Ok(match stopped {
            Ok((stopped, true)) => {
                self.start_from(true, steps)?;
                Ok(Restarting::Started(stopped))
            }
            Ok((standing, false)) => Ok(Restarting::NotStopped(standing)),
            // It can do neither, and says best of a restart what to do instead.
            Err(failure) if failure.kind == FailureKind::Unsupported => Err(refused),
            Err(failure) => Err(failure),
        })
    }

    /// Unlinks the session from its phone, and waits until it is not READY any more. A gateway may delete
    /// the session's keys with that, so the token says that the operator agreed.
    pub fn logout(&self, patience: Duration, _confirmed: &Confirmed) -> Result<()> {
        let before = self.gateway.status(self.session)?;
        let mut steps = Steps::new(self.sink);
        let title = "have the gateway unlink it";
        let watch = steps.begin(title);
        let call = || self.gateway.ask(async |plugin, powers| plugin.logout(powers, self.session).await);
        self.act("logout", &serde_json::json!({}), call)?.map_err(|failure| self.error(failure))?;
        let watched = self.watch(Some(&before), false, patience, |standing| standing.state != State::Ready)?;
        steps.end(watch, title, "not READY", watched.observed(), watched.rested);
        if watched.rested {
            return Ok(());
        }
        let text = format!("{} said yes to unlinking {}, which is READY as before", self.gateway.name, self.session);
        Err(Error::new(ErrorKind::Failed, text).hint("unlink the device on the phone"))
    }

    /// Hands a text to the gateway. `key` is the same for the same message; whether the gateway looks at
    /// it is the gateway's affair.
    ///
    /// # Errors
    /// What the gateway refuses; when it did not answer, nobody knows whether it was sent, and the hint
    /// says so.
    pub fn send(&self, to: &str, text: &str, key: &str) -> Result<Receipt> {
        self.gateway.needs(Interface::Channel, "is no channel, and sends nothing")?;
        let message = Message {
            to: to.to_owned(),
            session: Some(self.session.to_owned()),
            title: None,
            text: text.to_owned(),
            key: key.to_owned(),
            problem: None,
            severity: None,
        };
        let call = || self.gateway.ask(async |plugin, powers| plugin.send(powers, &message).await);
        let sent = match self.act("send", &serde_json::json!({ "key": key }), call) {
            // It may be the session that is not there, or the recipient.
            Ok(Err(failure)) if failure.kind == FailureKind::NotFound && !matches!(self.look(), Ok(None)) => {
                Err(adapt::error(&self.gateway.name, failure))
            }
            Ok(answer) => answer.map_err(|failure| self.error(failure)),
            Err(error) => Err(error),
        };
        sent.map_err(|error| match error.kind() {
            ErrorKind::Unreachable | ErrorKind::Unknown => error
                .hint(format!("nobody knows whether it was sent: look into the chat before it is sent again; its id is {key}")),
            _ => error,
        })
    }
}

/// Writes an act down, does it, and writes down how it ended.
fn journaled<T>(
    journal: &Journal,
    session: Option<&str>,
    verb: &str,
    data: &serde_json::Value,
    act: impl FnOnce() -> Result<T>,
    good: impl FnOnce(&T) -> bool,
) -> Result<T> {
    let entry = journal.begin(session, verb, data)?;
    let done = act();
    let outcome = if done.as_ref().is_ok_and(good) { Outcome::Finished } else { Outcome::Failed };
    let ended = journal.end(entry, outcome);
    let done = done?;
    ended?;
    Ok(done)
}

/// Whether an error of a look may be over at the next one.
fn passes(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::Unknown | ErrorKind::Failed | ErrorKind::NoSession)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(state: Told, reason: &str, since_ms: Option<u64>) -> Session {
        Session {
            name: "sales".into(),
            id: "1".into(),
            state,
            reason: reason.into(),
            told: "x".into(),
            since_ms,
            phone: None,
            trouble: None,
        }
    }

    #[test]
    fn what_a_session_was_before_an_act_does_not_count_at_first() {
        let seen = |state, since_ms| Standing::new("openwa", told(state, "normal", since_ms), 0);
        let before = seen(Told::Ready, Some(7));
        let look = |moves, looks: &[&Standing]| {
            let mut belief = Belief { before: Some(&before), moves, moved: false, looks: 0 };
            looks.iter().map(|standing| belief.after(standing)).collect::<Vec<_>>()
        };
        // A gateway whose sessions tell no time, or where nothing need have happened.
        assert_eq!(look(false, &[&before, &before, &before]), [false, false, true]);
        // One that tells since when it is READY said yes to a restart and did none.
        assert_eq!(look(true, &[&before, &before, &before, &before]), [false; 4]);
        assert_eq!(look(true, &[&before, &seen(Told::Ready, Some(9))]), [false, true]);
        assert_eq!(look(true, &[&seen(Told::Connecting, Some(7)), &before]), [true, true]);
    }

    #[test]
    fn a_session_on_its_way_is_stuck_when_it_is_too_long_on_it_or_the_gateway_knows() {
        let now_ms = 10_000_000;
        let ago = |ms: i64| u64::try_from(now_ms - ms).ok();
        for (state, reason, since_ms, stuck) in [
            (Told::Connecting, "normal", ago(STUCK_MS + 1), true),
            (Told::Connecting, "normal", ago(STUCK_MS), false),
            (Told::Booting, "normal", ago(STUCK_MS + 1), true),
            (Told::Connecting, "normal", None, false),
            (Told::Connecting, "own_word", None, false),
            (Told::Connecting, "connect_failure", None, true),
            (Told::Syncing, "accepted_not_opened", ago(1), true),
            // A clock that is ahead of ours, and one that is out of its mind.
            (Told::Reconnecting, "normal", ago(-5000), false),
            (Told::Reconnecting, "normal", Some(u64::MAX), false),
            // These need not pass.
            (Told::Ready, "normal", ago(STUCK_MS * 9), false),
            (Told::AuthRequired, "pairing", ago(STUCK_MS * 9), false),
            (Told::Stopped, "connect_failure", ago(STUCK_MS * 9), false),
        ] {
            let standing = Standing::new("openwa", told(state, reason, since_ms), now_ms);
            assert_eq!((standing.reason.name().as_str(), standing.reason.known().is_some()), (reason, reason != "own_word"));
            assert_eq!(standing.stuck, stuck, "{state:?} {reason} {since_ms:?}");
            assert_eq!(standing.session, "openwa:sales");
        }
    }
}
