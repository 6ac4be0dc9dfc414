//! A session's state, why it is so, and the pure function that moves it.
//!
//! Start with [`State`] and [`Reason`], then [`Machine::step`]. Nothing here acts: a step returns
//! [`Action`]s and the daemon's supervisor alone executes them. It imports nothing.

use serde::{Deserialize, Serialize};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// No daemon runs.
    Stopped,
    /// The daemon opens its stores.
    Booting,
    /// The session is not linked to a phone.
    AuthRequired,
    /// A connection is being made.
    Connecting,
    /// Connected; what came while offline is being fetched.
    Syncing,
    /// Connected, logged in, offline sync done.
    Ready,
    /// The connection was lost and is tried again.
    Reconnecting,
    /// It works in part: sync was stopped by the operator, or the server does not answer.
    Degraded,
    /// It will not work again without the operator.
    Error,
}

/// Why a session is in its state; stable names for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// As asked; nothing is wrong.
    Normal,
    /// No phone was ever linked.
    NotPaired,
    /// A QR code or pair code is shown and waits for the phone.
    Pairing,
    /// The phone accepted and asks for a passkey.
    PasskeyRequired,
    /// The phone accepted the link, but the session never opened.
    AcceptedNotOpened,
    /// All QR codes ran out.
    QrExhausted,
    /// The phone removed this device.
    LoggedOut,
    /// The account's main device is gone.
    MainDeviceGone,
    /// Another client took this session's place.
    StreamReplaced,
    /// WhatsApp banned the account for a while.
    TemporaryBan,
    /// WhatsApp refuses this client version.
    ClientOutdated,
    /// The server was silent for longer than the watchdog allows.
    KeepaliveTimeout,
    /// The server ended the stream with an error.
    StreamError,
    /// The server could not be reached, or refused the login.
    ConnectFailure,
    /// A connection that stood is gone.
    ConnectionLost,
    /// A wall forbids the endpoint: a sandbox reaches loopback only, a live home never does.
    EndpointDenied,
    /// What came while offline is not delivered in the time it may take.
    OfflineSyncStalled,
    /// Linking was tried and failed.
    PairFailed,
    /// The phone has not been seen for long.
    PhoneOffline,
    /// The operator stopped it.
    OperatorStopped,
    /// A store could not be used.
    StoreFailure,
}

impl State {
    /// The name shown to people and machines, such as `AUTH_REQUIRED`.
    pub fn name(self) -> &'static str {
        match self {
            State::Stopped => "STOPPED",
            State::Booting => "BOOTING",
            State::AuthRequired => "AUTH_REQUIRED",
            State::Connecting => "CONNECTING",
            State::Syncing => "SYNCING",
            State::Ready => "READY",
            State::Reconnecting => "RECONNECTING",
            State::Degraded => "DEGRADED",
            State::Error => "ERROR",
        }
    }
}

impl Reason {
    /// The name shown to people and machines, such as `logged_out`.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The reason of that name.
    pub fn named(name: &str) -> Option<Reason> {
        serde_json::from_value(serde_json::Value::from(name)).ok()
    }
}

/// Something that happened to a session, told to [`Machine::step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The stores are open.
    Booted {
        /// Whether a phone has admitted the device in the store.
        paired: bool,
        /// Why that very device was logged out, if it was.
        gone: Option<Gone>,
    },
    /// A store cannot be used.
    StoreFailed,
    /// There is nothing to connect to now.
    EndpointAbsent,
    /// A wall forbids the endpoint.
    EndpointDenied,
    /// The endpoint is another one than the link was made for.
    EndpointChanged,
    /// A connection is being made.
    Connecting,
    /// It was not made.
    ConnectFailed,
    /// A code is shown and waits for the phone.
    CodeShown,
    /// The pair code is no longer good, or none comes.
    CodeFailed,
    /// The account wants a passkey.
    PasskeyRequired,
    /// The phone accepted the link.
    PairAccepted,
    /// Linking failed.
    PairFailed,
    /// Every QR code ran out.
    QrExhausted,
    /// The server took the login.
    LoggedIn,
    /// The session is usable.
    Opened,
    /// What came while offline has been fetched.
    OfflineSyncDone,
    /// The connection is gone.
    Disconnected,
    /// The server was silent for too long.
    Silence,
    /// The server ends the stream and wants the client back: 429, 503, 515.
    StreamError,
    /// The server refused the login for now.
    LoginDeferred,
    /// The server refused the login for good.
    LoginRefused,
    /// The device is not admitted any more.
    LoggedOut(Gone),
    /// Another client took this one's place.
    StreamReplaced,
    /// The account is banned for a while.
    TemporaryBan,
    /// The server refuses this version.
    ClientOutdated,
    /// The link ended by itself.
    LinkEnded,
    /// The operator wants to link.
    LinkRequested {
        /// By a code to type rather than by a QR code.
        by_code: bool,
    },
    /// The operator wants a connection, or none.
    SyncRequested {
        /// Which.
        enabled: bool,
    },
    /// Time has passed.
    Tick,
    /// The daemon is to end.
    StopRequested,
}

/// Why a device is not admitted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// The phone removed it.
    LoggedOut,
    /// The account's main device is gone or locked.
    MainDeviceGone,
}

impl Gone {
    fn reason(self) -> Reason {
        match self {
            Gone::LoggedOut => Reason::LoggedOut,
            Gone::MainDeviceGone => Reason::MainDeviceGone,
        }
    }
}

/// What the supervisor is to do after a step, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Make a link; it connects by itself and again when it must.
    Connect,
    /// End the link.
    Disconnect,
    /// Cut the connection; the link makes a new one.
    Cut,
    /// Ask for a pair code on the link that is there.
    AskPairCode,
    /// Write down that this device was logged out, so that no later start tries it again.
    RecordLogout(Gone),
    /// Put the logged-out device's store aside: it will never be admitted again.
    SetStoreAside,
    /// Force the new pairing to the disk.
    SavePairing,
    /// Let sends in flight come to their end.
    Drain,
    /// End the daemon.
    Exit,
}

/// How long things may take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the phone's acceptance to the open session.
    pub open_ms: i64,
    /// From the login to the open session with its offline backlog fetched.
    pub sync_ms: i64,
    /// From a stream error to the end of its connection.
    pub stream_error_ms: i64,
    /// From the end of a link to the next.
    pub relink_ms: i64,
}

/// A session's state with all that decides the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Where the session stands.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Since when, milliseconds since the epoch.
    pub since_ms: i64,
    /// Whether the store holds a device that the account admits, as far as known.
    pub paired: bool,
    /// Whether the operator wants a connection.
    pub sync_enabled: bool,
    /// Whether there is a link.
    linked: bool,
    /// Whether the present connection is logged in, open, and its backlog fetched.
    logged_in: bool,
    opened: bool,
    synced: bool,
    /// Until when a session whose link the phone accepted must be open.
    open_by_ms: Option<i64>,
    /// Until when the present connection must be open and its backlog fetched.
    sync_by_ms: Option<i64>,
    /// Until when the connection with a stream error must have ended.
    cut_at_ms: Option<i64>,
    /// When to make the next link.
    relink_at_ms: Option<i64>,
    limits: Limits,
}

impl Machine {
    /// A session whose daemon begins.
    pub fn new(limits: Limits, now_ms: i64) -> Machine {
        Machine {
            state: State::Booting,
            reason: Reason::Normal,
            since_ms: now_ms,
            paired: false,
            sync_enabled: true,
            linked: false,
            logged_in: false,
            opened: false,
            synced: false,
            open_by_ms: None,
            sync_by_ms: None,
            cut_at_ms: None,
            relink_at_ms: None,
            limits,
        }
    }

    /// When [`Input::Tick`] has something to do, milliseconds since the epoch.
    pub fn next_tick_ms(&self) -> Option<i64> {
        [self.open_by_ms, self.sync_by_ms, self.cut_at_ms, self.relink_at_ms].into_iter().flatten().min()
    }

    /// Whether the operator may link now. Not while a device is linked, or may be.
    pub fn may_link(&self) -> bool {
        self.state == State::AuthRequired
    }

    /// The next state, and what to do about it.
    #[must_use]
    pub fn step(&self, input: Input, now_ms: i64) -> (Machine, Vec<Action>) {
        let mut next = self.clone();
        let mut actions = Vec::new();
        // A stopping daemon is past all events; what its link still says is about its own goodbye.
        if self.state != State::Stopped {
            next.take(input, now_ms, &mut actions);
        }
        if (next.state, next.reason) != (self.state, self.reason) {
            next.since_ms = now_ms;
        }
        (next, actions)
    }

    fn take(&mut self, input: Input, now_ms: i64, actions: &mut Vec<Action>) {
        match input {
            Input::Booted { paired, gone } => {
                self.paired = paired && gone.is_none();
                match (self.paired, gone) {
                    (true, _) => self.enter(State::Connecting, Reason::Normal),
                    (false, Some(gone)) => self.enter(State::AuthRequired, gone.reason()),
                    (false, None) => self.enter(State::AuthRequired, Reason::NotPaired),
                }
                if gone.is_none() {
                    self.connect(actions);
                }
            }
            Input::StoreFailed => self.give_up(State::Error, Reason::StoreFailure, actions),
            Input::EndpointDenied => self.give_up(State::Error, Reason::EndpointDenied, actions),
            Input::EndpointAbsent => {
                if self.linked {
                    self.linked = false;
                    self.lose(Reason::ConnectFailure);
                    self.relink(now_ms);
                }
            }
            Input::EndpointChanged => {
                if self.linked {
                    self.lose(Reason::ConnectFailure);
                    self.disconnect(actions);
                    self.relink(now_ms);
                }
            }
            Input::Connecting => match self.state {
                // A connection is only made anew when the one that stood is gone.
                State::Syncing | State::Ready => self.lose(Reason::ConnectionLost),
                State::Stopped
                | State::Booting
                | State::AuthRequired
                | State::Connecting
                | State::Reconnecting
                | State::Degraded
                | State::Error => {
                    self.cut_at_ms = None;
                }
            },
            Input::ConnectFailed | Input::LoginDeferred => self.lose(Reason::ConnectFailure),
            Input::CodeShown => {
                if self.linked {
                    self.paired = false;
                    self.open_by_ms = None;
                    self.enter(State::AuthRequired, Reason::Pairing);
                }
            }
            Input::CodeFailed | Input::PairFailed => {
                if self.linked && !self.paired {
                    self.enter(State::AuthRequired, Reason::PairFailed);
                }
            }
            Input::PasskeyRequired => {
                if self.linked && !self.paired {
                    self.enter(State::AuthRequired, Reason::PasskeyRequired);
                }
            }
            Input::PairAccepted => {
                if self.linked {
                    self.paired = true;
                    self.open_by_ms = Some(now_ms.saturating_add(self.limits.open_ms));
                    self.enter(State::Connecting, Reason::Pairing);
                    actions.push(Action::SavePairing);
                }
            }
            Input::QrExhausted => self.give_up(State::AuthRequired, Reason::QrExhausted, actions),
            Input::LoggedIn => {
                if self.linked {
                    self.paired = true;
                    (self.logged_in, self.opened, self.synced) = (true, false, false);
                    self.cut_at_ms = None;
                    self.sync_by_ms = Some(now_ms.saturating_add(self.limits.sync_ms));
                    let reason = if self.open_by_ms.is_some() { Reason::Pairing } else { Reason::Normal };
                    self.enter(State::Syncing, reason);
                }
            }
            Input::Opened => {
                self.opened = self.logged_in;
                self.ready_if_all_is_done();
            }
            Input::OfflineSyncDone => {
                self.synced = self.logged_in;
                self.ready_if_all_is_done();
            }
            Input::Disconnected => {
                // The reason that was known before says more than that the connection is gone.
                let known = self.state == State::Reconnecting || self.reason == Reason::KeepaliveTimeout;
                self.lose(if known { self.reason } else { Reason::ConnectionLost });
            }
            Input::Silence => self.lose(Reason::KeepaliveTimeout),
            Input::StreamError => {
                if self.linked && self.open_by_ms.is_none() {
                    self.lose(Reason::StreamError);
                    self.cut_at_ms = Some(now_ms.saturating_add(self.limits.stream_error_ms));
                }
            }
            Input::LoginRefused => self.give_up(State::Error, Reason::ConnectFailure, actions),
            Input::LoggedOut(gone) => {
                self.paired = false;
                actions.push(Action::RecordLogout(gone));
                self.give_up(State::AuthRequired, gone.reason(), actions);
            }
            Input::StreamReplaced => self.give_up(State::Error, Reason::StreamReplaced, actions),
            Input::TemporaryBan => self.give_up(State::Error, Reason::TemporaryBan, actions),
            Input::ClientOutdated => self.give_up(State::Error, Reason::ClientOutdated, actions),
            Input::LinkEnded => {
                if self.linked {
                    self.linked = false;
                    // A reason that is known says more than that the link ended.
                    self.lose(if self.state == State::Reconnecting { self.reason } else { Reason::ConnectionLost });
                    self.relink(now_ms);
                }
            }
            Input::LinkRequested { by_code } => {
                if self.may_link() {
                    self.sync_enabled = true;
                    if self.linked {
                        if by_code {
                            actions.push(Action::AskPairCode);
                        }
                    } else {
                        if matches!(self.reason, Reason::LoggedOut | Reason::MainDeviceGone) {
                            actions.push(Action::SetStoreAside);
                        }
                        self.enter(State::AuthRequired, Reason::NotPaired);
                        self.connect(actions);
                    }
                }
            }
            Input::SyncRequested { enabled: false } => {
                self.sync_enabled = false;
                let gone = matches!(self.reason, Reason::LoggedOut | Reason::MainDeviceGone);
                let (state, reason) = match (self.paired, gone) {
                    (true, _) => (State::Degraded, Reason::OperatorStopped),
                    // Why linking is needed stays the news.
                    (false, true) => (State::AuthRequired, self.reason),
                    (false, false) => (State::AuthRequired, Reason::OperatorStopped),
                };
                self.give_up(state, reason, actions);
            }
            Input::SyncRequested { enabled: true } => {
                self.sync_enabled = true;
                let gone = matches!(self.reason, Reason::LoggedOut | Reason::MainDeviceGone);
                if !self.linked && !gone {
                    if self.paired {
                        self.enter(State::Connecting, Reason::Normal);
                    } else {
                        self.enter(State::AuthRequired, Reason::NotPaired);
                    }
                    self.connect(actions);
                }
            }
            Input::Tick => self.tick(now_ms, actions),
            Input::StopRequested => {
                actions.push(Action::Drain);
                self.give_up(State::Stopped, Reason::OperatorStopped, actions);
                actions.push(Action::Exit);
            }
        }
    }

    fn tick(&mut self, now_ms: i64, actions: &mut Vec<Action>) {
        let due = |at: Option<i64>| at.is_some_and(|at| at <= now_ms);
        if due(self.relink_at_ms) {
            self.relink_at_ms = None;
            self.connect(actions);
        }
        if due(self.cut_at_ms) {
            self.cut_at_ms = None;
            actions.push(Action::Cut);
        }
        if due(self.open_by_ms) {
            self.open_by_ms = None;
            self.sync_by_ms = None;
            self.enter(State::Degraded, Reason::AcceptedNotOpened);
        }
        if due(self.sync_by_ms) {
            self.sync_by_ms = None;
            // With the backlog fetched, it is the session that does not open.
            let reason = if self.synced { Reason::AcceptedNotOpened } else { Reason::OfflineSyncStalled };
            self.enter(State::Degraded, reason);
        }
    }

    fn enter(&mut self, state: State, reason: Reason) {
        (self.state, self.reason) = (state, reason);
    }

    fn connect(&mut self, actions: &mut Vec<Action>) {
        self.relink_at_ms = None;
        if !self.linked {
            self.linked = true;
            actions.push(Action::Connect);
        }
    }

    fn disconnect(&mut self, actions: &mut Vec<Action>) {
        (self.logged_in, self.opened, self.synced) = (false, false, false);
        self.cut_at_ms = None;
        if self.linked {
            self.linked = false;
            actions.push(Action::Disconnect);
        }
    }

    fn relink(&mut self, now_ms: i64) {
        self.relink_at_ms = Some(now_ms.saturating_add(self.limits.relink_ms));
    }

    /// Ends the link and forgets every plan to make another: the next one is the operator's wish.
    fn give_up(&mut self, state: State, reason: Reason, actions: &mut Vec<Action>) {
        self.disconnect(actions);
        (self.open_by_ms, self.sync_by_ms, self.relink_at_ms) = (None, None, None);
        self.enter(state, reason);
    }

    /// The connection is gone, or was not made, and is tried again.
    fn lose(&mut self, reason: Reason) {
        (self.logged_in, self.opened, self.synced) = (false, false, false);
        (self.sync_by_ms, self.cut_at_ms) = (None, None);
        match self.state {
            State::AuthRequired => match self.reason {
                // These wait for the operator, and say more than that a connection is gone.
                Reason::LoggedOut | Reason::MainDeviceGone | Reason::QrExhausted | Reason::OperatorStopped => {}
                _ => self.enter(State::AuthRequired, reason),
            },
            State::Connecting | State::Syncing | State::Ready | State::Reconnecting => {
                self.enter(State::Reconnecting, reason);
            }
            State::Degraded => match self.reason {
                // Still the most useful thing to know until the session opens.
                Reason::AcceptedNotOpened | Reason::OperatorStopped => {}
                _ => self.enter(State::Reconnecting, reason),
            },
            State::Booting | State::Stopped | State::Error => {}
        }
    }

    fn ready_if_all_is_done(&mut self) {
        if self.opened && self.synced {
            (self.open_by_ms, self.sync_by_ms) = (None, None);
            self.paired = true;
            self.enter(State::Ready, Reason::Normal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { open_ms: 1000, sync_ms: 500, stream_error_ms: 100, relink_ms: 50 };

    const INPUTS: &[Input] = &[
        Input::StoreFailed,
        Input::EndpointAbsent,
        Input::EndpointDenied,
        Input::EndpointChanged,
        Input::Connecting,
        Input::ConnectFailed,
        Input::CodeShown,
        Input::CodeFailed,
        Input::PasskeyRequired,
        Input::PairAccepted,
        Input::PairFailed,
        Input::QrExhausted,
        Input::LoggedIn,
        Input::Opened,
        Input::OfflineSyncDone,
        Input::Disconnected,
        Input::Silence,
        Input::StreamError,
        Input::LoginDeferred,
        Input::LoginRefused,
        Input::LoggedOut(Gone::LoggedOut),
        Input::LoggedOut(Gone::MainDeviceGone),
        Input::StreamReplaced,
        Input::TemporaryBan,
        Input::ClientOutdated,
        Input::LinkEnded,
        Input::LinkRequested { by_code: false },
        Input::LinkRequested { by_code: true },
        Input::SyncRequested { enabled: false },
        Input::SyncRequested { enabled: true },
        Input::Tick,
        Input::StopRequested,
    ];

    const PAIRED: Input = Input::Booted { paired: true, gone: None };
    const UNPAIRED: Input = Input::Booted { paired: false, gone: None };

    fn run(inputs: &[Input]) -> (Machine, Vec<Action>) {
        let mut machine = Machine::new(LIMITS, 0);
        let mut all = Vec::new();
        for (at, input) in (1..).zip(inputs) {
            let (next, actions) = machine.step(*input, at);
            machine = next;
            all.extend(actions);
        }
        (machine, all)
    }

    fn standing(inputs: &[Input]) -> (State, Reason) {
        let machine = run(inputs).0;
        (machine.state, machine.reason)
    }

    const OPENING: [Input; 5] = [PAIRED, Input::Connecting, Input::LoggedIn, Input::OfflineSyncDone, Input::Opened];

    fn after_ready(inputs: &[Input]) -> (Machine, Vec<Action>) {
        run(&[&OPENING, inputs].concat())
    }

    #[test]
    fn a_paired_session_becomes_ready_when_it_is_open_and_its_backlog_is_fetched() {
        assert_eq!(standing(&[PAIRED]), (State::Connecting, Reason::Normal));
        assert_eq!(standing(&OPENING[..3]), (State::Syncing, Reason::Normal));
        assert_eq!(standing(&OPENING[..4]), (State::Syncing, Reason::Normal));
        assert_eq!(standing(&OPENING), (State::Ready, Reason::Normal));
        assert_eq!(standing(&[PAIRED, Input::LoggedIn, Input::Opened, Input::OfflineSyncDone]), (State::Ready, Reason::Normal));
        assert_eq!(run(&OPENING).1, [Action::Connect]);
    }

    #[test]
    fn linking_goes_through_its_stages() {
        let stages = [UNPAIRED, Input::Connecting, Input::CodeShown, Input::PairAccepted, Input::Connecting];
        assert_eq!(standing(&stages[..1]), (State::AuthRequired, Reason::NotPaired));
        assert_eq!(standing(&stages[..3]), (State::AuthRequired, Reason::Pairing));
        assert_eq!(standing(&stages), (State::Connecting, Reason::Pairing));
        let opened = [&stages[..], &[Input::LoggedIn, Input::OfflineSyncDone, Input::Opened]].concat();
        assert_eq!(standing(&opened), (State::Ready, Reason::Normal));
        assert_eq!(run(&opened).1, [Action::Connect, Action::SavePairing]);
        assert_eq!(
            standing(&[UNPAIRED, Input::CodeShown, Input::PasskeyRequired]),
            (State::AuthRequired, Reason::PasskeyRequired)
        );
        assert_eq!(standing(&[UNPAIRED, Input::CodeShown, Input::QrExhausted]), (State::AuthRequired, Reason::QrExhausted));
    }

    #[test]
    fn a_link_that_was_accepted_and_never_opens_is_told_apart_and_may_still_open() {
        let (machine, _) = run(&[UNPAIRED, Input::CodeShown, Input::PairAccepted, Input::Connecting]);
        let (late, _) = machine.step(Input::Tick, 5000);
        assert_eq!((late.state, late.reason), (State::Degraded, Reason::AcceptedNotOpened));
        let (late, _) = late.step(Input::ConnectFailed, 5001);
        assert_eq!(late.reason, Reason::AcceptedNotOpened);
        let mut machine = late;
        for input in [Input::LoggedIn, Input::Opened, Input::OfflineSyncDone] {
            machine = machine.step(input, 6000).0;
        }
        assert_eq!((machine.state, machine.since_ms), (State::Ready, 6000));
    }

    #[test]
    fn a_backlog_that_never_ends_degrades_and_may_still_end() {
        let (machine, _) = run(&[PAIRED, Input::LoggedIn, Input::Opened]);
        assert_eq!(machine.next_tick_ms(), Some(2 + 500));
        assert_eq!(machine.step(Input::Tick, 501).0.state, State::Syncing);
        let late = machine.step(Input::Tick, 502).0;
        assert_eq!((late.state, late.reason), (State::Degraded, Reason::OfflineSyncStalled));
        assert_eq!(late.step(Input::OfflineSyncDone, 503).0.state, State::Ready);
        let (machine, _) = run(&[PAIRED, Input::LoggedIn, Input::OfflineSyncDone]);
        assert_eq!(machine.step(Input::Tick, 502).0.reason, Reason::AcceptedNotOpened);
    }

    #[test]
    fn a_lost_connection_has_the_reason_that_says_most() {
        for (inputs, reason) in [
            (&[Input::Disconnected][..], Reason::ConnectionLost),
            (&[Input::Silence, Input::Disconnected, Input::Connecting], Reason::KeepaliveTimeout),
            (&[Input::StreamError, Input::Disconnected, Input::Connecting], Reason::StreamError),
            (&[Input::Disconnected, Input::Connecting, Input::ConnectFailed], Reason::ConnectFailure),
            (&[Input::LoginDeferred, Input::Disconnected], Reason::ConnectFailure),
            (&[Input::Connecting], Reason::ConnectionLost),
        ] {
            let (machine, actions) = after_ready(inputs);
            assert_eq!((machine.state, machine.reason), (State::Reconnecting, reason), "{inputs:?}");
            assert_eq!(actions, [Action::Connect], "the link connects again by itself: {inputs:?}");
        }
    }

    #[test]
    fn a_stream_error_without_an_end_is_cut() {
        let (machine, _) = after_ready(&[Input::StreamError]);
        let at = machine.next_tick_ms().unwrap();
        assert_eq!(machine.step(Input::Tick, at).1, [Action::Cut]);
    }

    #[test]
    fn a_link_that_ends_by_itself_is_made_again_after_a_while() {
        let (machine, _) = after_ready(&[Input::LinkEnded]);
        assert_eq!((machine.state, machine.reason), (State::Reconnecting, Reason::ConnectionLost));
        let at = machine.next_tick_ms().unwrap();
        assert_eq!(machine.step(Input::Tick, at - 1).1, []);
        assert_eq!(machine.step(Input::Tick, at).1, [Action::Connect]);
    }

    #[test]
    fn logging_out_is_written_down_before_the_link_ends_and_linking_puts_the_old_store_aside() {
        let (machine, actions) = after_ready(&[Input::LoggedOut(Gone::LoggedOut)]);
        assert_eq!((machine.state, machine.reason), (State::AuthRequired, Reason::LoggedOut));
        assert_eq!(actions[1..], [Action::RecordLogout(Gone::LoggedOut), Action::Disconnect]);
        let (machine, actions) = machine.step(Input::LinkRequested { by_code: false }, 50);
        assert_eq!((machine.state, machine.reason), (State::AuthRequired, Reason::NotPaired));
        assert_eq!(actions, [Action::SetStoreAside, Action::Connect]);
        let boot = Input::Booted { paired: true, gone: Some(Gone::MainDeviceGone) };
        assert_eq!(run(&[boot]).1, []);
        assert_eq!(standing(&[boot]), (State::AuthRequired, Reason::MainDeviceGone));
    }

    #[test]
    fn the_operator_stops_and_starts_the_connection() {
        let (machine, actions) = after_ready(&[Input::SyncRequested { enabled: false }]);
        assert_eq!((machine.state, machine.reason), (State::Degraded, Reason::OperatorStopped));
        assert_eq!(actions[1..], [Action::Disconnect]);
        let (machine, actions) = machine.step(Input::SyncRequested { enabled: true }, 50);
        assert_eq!((machine.state, actions), (State::Connecting, vec![Action::Connect]));
    }

    #[test]
    fn stopping_drains_says_goodbye_and_exits_from_every_state() {
        let (machine, actions) = after_ready(&[Input::StopRequested]);
        assert_eq!((machine.state, machine.reason), (State::Stopped, Reason::OperatorStopped));
        assert_eq!(actions[1..], [Action::Drain, Action::Disconnect, Action::Exit]);
        for input in INPUTS {
            assert_eq!(machine.step(*input, 99), (machine.clone(), vec![]), "{input:?}");
        }
    }

    /// A small generator with a seed, so that a failing walk can be walked again.
    struct Walk(u64);

    impl Walk {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
        }
    }

    /// What must hold after every step from anywhere.
    fn check(before: &Machine, input: Input, after: &Machine, actions: &[Action]) {
        let story = || format!("{before:?}\n+ {input:?}\n= {after:?} {actions:?}");
        if after.state == State::Ready {
            assert!(after.linked && after.logged_in && after.opened && after.synced && after.paired, "{}", story());
            assert_eq!(after.reason, Reason::Normal, "{}", story());
            assert_eq!(after.next_tick_ms(), None, "{}", story());
        }
        let mut linked = before.linked;
        // These inputs say that the link is gone already.
        if matches!(input, Input::LinkEnded | Input::EndpointAbsent) {
            linked = false;
        }
        for action in actions {
            match action {
                Action::Connect => {
                    assert!(!linked, "a second link: {}", story());
                    linked = true;
                }
                Action::Disconnect => {
                    assert!(linked, "no link to end: {}", story());
                    linked = false;
                }
                Action::SetStoreAside => assert!(!linked, "a store in use: {}", story()),
                Action::Cut
                | Action::AskPairCode
                | Action::RecordLogout(_)
                | Action::SavePairing
                | Action::Drain
                | Action::Exit => {}
            }
        }
        if before.state != State::Stopped {
            assert_eq!(linked, after.linked, "{}", story());
        }
        // Never stuck: what is to connect has a link, or a time at which it gets one.
        if matches!(after.state, State::Connecting | State::Syncing | State::Reconnecting) {
            assert!(after.linked || after.relink_at_ms.is_some(), "{}", story());
        }
        if after.since_ms != before.since_ms {
            assert_ne!((before.state, before.reason), (after.state, after.reason), "{}", story());
        }
    }

    #[test]
    fn random_walks_keep_the_rules() {
        for seed in 1..=400_u64 {
            let mut walk = Walk(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let boot = [PAIRED, UNPAIRED, Input::Booted { paired: true, gone: Some(Gone::LoggedOut) }][walk.below(3)];
            let mut machine = Machine::new(LIMITS, 0).step(boot, 0).0;
            let mut now_ms = 0;
            // After one of these only the operator brings the connection back.
            let mut final_word = boot != PAIRED && boot != UNPAIRED;
            for _ in 0..300 {
                now_ms += i64::try_from(walk.below(400)).unwrap();
                // All but the last, which would end every walk early.
                let input = INPUTS[walk.below(INPUTS.len() - 1)];
                let (next, actions) = machine.step(input, now_ms);
                check(&machine, input, &next, &actions);
                match input {
                    Input::LoggedOut(_)
                    | Input::StreamReplaced
                    | Input::TemporaryBan
                    | Input::ClientOutdated
                    | Input::EndpointDenied
                    | Input::LoginRefused => final_word = true,
                    Input::LinkRequested { .. } | Input::SyncRequested { enabled: true } => final_word = false,
                    _ => {}
                }
                if final_word {
                    let blind = actions.iter().any(|action| matches!(action, Action::Connect | Action::Cut));
                    assert!(!blind, "seed {seed}: {machine:?} + {input:?}");
                }
                machine = next;
            }
        }
    }

    #[test]
    fn every_input_from_every_reachable_state_keeps_the_rules() {
        // Breadth first over the states that differ in anything but times.
        let mut seen = std::collections::HashSet::new();
        let mut queue = std::collections::VecDeque::new();
        for boot in [PAIRED, UNPAIRED, Input::Booted { paired: true, gone: Some(Gone::LoggedOut) }] {
            queue.push_back(Machine::new(LIMITS, 0).step(boot, 0).0);
        }
        let mut states = std::collections::HashSet::new();
        while let Some(machine) = queue.pop_front() {
            let times = [machine.open_by_ms, machine.sync_by_ms, machine.cut_at_ms, machine.relink_at_ms];
            let open = (machine.logged_in, machine.opened, machine.synced);
            let flags = (machine.paired, machine.sync_enabled, machine.linked, open);
            if !seen.insert((machine.state, machine.reason, flags, times.map(|time| time.is_some()))) {
                continue;
            }
            states.insert(machine.state);
            for input in INPUTS {
                // Long after everything that is due, and long before.
                for now_ms in [machine.since_ms, machine.since_ms + 10_000] {
                    let (next, actions) = machine.step(*input, now_ms);
                    check(&machine, *input, &next, &actions);
                    queue.push_back(next);
                }
            }
        }
        assert_eq!(states.len(), 8, "every state but BOOTING is reached: {states:?}");
    }
}
