//! The one task that owns the link: it tells the state machine what happens, executes what that
//! decides, and writes what the others read.
//!
//! Nothing else connects, disconnects, or changes the session's state. Start with [`Supervisor::run`].

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::api::{Auth, AuthStage};
use super::book::{Book, incoming};
use super::hub::{Hub, Order};
use super::ingest::{Ingest, Receipt};
use super::log::Tokens;
use super::outbox::Outbox;
use super::pump::{Pump, blocking};
use super::wake::Waker;
use crate::clock;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, SessionPaths};
use crate::session::messages::{LoggedOut, Messages, ban_told};
use crate::session::state::{Action, Gone, Input, Machine, Reason, State};
use crate::whatsapp::client::{Identity, Link, LinkEvent, LinkSettings};

/// How often what has no event of its own is looked at: bytes heard, attempts, the service manager.
const REFRESH: Duration = Duration::from_secs(1);

/// What a supervisor works with.
pub struct Parts {
    /// The home.
    pub home: Home,
    /// The session.
    pub session: SessionPaths,
    /// Shared with the local API.
    pub hub: Hub,
    /// Orders from it.
    pub orders: mpsc::Receiver<Order>,
    /// The session's database.
    pub messages: Messages,
    /// The way out.
    pub outbox: Outbox,
    /// The way in.
    pub ingest: Ingest,
    /// The journal.
    pub book: Book,
    /// Names for the log.
    pub tokens: Tokens,
    /// The state machine, at its beginning.
    pub machine: Machine,
    /// `device.name`.
    pub device_name: String,
    /// `daemon.watchdog_ms`.
    pub watchdog: Duration,
    /// `daemon.drain_timeout_ms`.
    pub drain_timeout: Duration,
    /// Of [`signals`].
    pub signals: mpsc::Receiver<()>,
}

/// See the module.
pub struct Supervisor {
    parts: Parts,
    pump: Pump,
    waker: Waker,
    link: Option<(Link, mpsc::UnboundedReceiver<LinkEvent>)>,
    /// The number to link with by pair code, until the link is there.
    phone_number: Option<String>,
    /// Attempts to get a lost connection back.
    reconnects: u64,
    done: bool,
}

/// Tells of the first signal, from now on; an interrupt after it ends the process at once, whatever it waits for. To be
/// called on the daemon's runtime.
pub fn signals() -> Result<mpsc::Receiver<()>> {
    let make = |kind| signal(kind).while_doing(|| "cannot listen for signals".into());
    let mut terminate = make(SignalKind::terminate())?;
    let mut interrupt = make(SignalKind::interrupt())?;
    // The terminal of a daemon in the foreground was closed: a drain, not a sudden death.
    let mut hangup = make(SignalKind::hangup())?;
    let (first, told) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        // A supervisor that is gone has ended anyway.
        let _ = first.send(()).await;
        // Whoever presses Ctrl-C again means it. Two who stop the daemon at a time do not: the drain has an end.
        if interrupt.recv().await.is_some() {
            tracing::warn!("an interrupt while it drains: ending at once");
            std::process::exit(i32::from(ErrorKind::Interrupted.exit_code()));
        }
    });
    Ok(told)
}

/// What woke the supervisor.
enum Woken {
    Signal,
    Order(Option<Order>),
    Link(Option<LinkEvent>),
    Timer,
    Refresh,
}

impl Supervisor {
    /// Over an open session.
    pub fn new(parts: Parts) -> Supervisor {
        let pump = Pump::start(parts.outbox.clone(), parts.tokens.clone());
        let waker = Waker::new(parts.book.clone(), parts.messages.clone(), parts.tokens.clone());
        Supervisor { parts, pump, waker, link: None, phone_number: None, reconnects: 0, done: false }
    }

    /// Runs the session until it is told to stop.
    pub async fn run(mut self) -> Result<()> {
        self.boot().await?;
        let mut refresh = tokio::time::interval(REFRESH);
        refresh.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.done {
            let woken = {
                let timer = tick_at(self.parts.machine.next_tick_ms());
                let events = next_event(&mut self.link);
                tokio::select! {
                    biased;
                    Some(()) = self.parts.signals.recv() => Woken::Signal,
                    event = events => Woken::Link(event),
                    order = self.parts.orders.recv() => Woken::Order(order),
                    () = timer => Woken::Timer,
                    _ = refresh.tick() => Woken::Refresh,
                }
            };
            if let Err(error) = self.on_woken(woken).await {
                self.fail(&error).await;
            }
        }
        Ok(())
    }

    async fn on_woken(&mut self, woken: Woken) -> Result<()> {
        match woken {
            Woken::Signal => self.take(Input::StopRequested, None).await,
            Woken::Link(event) => self.on_event(event.unwrap_or(LinkEvent::Ended)).await,
            // The hub of this very supervisor holds a sender, so the orders never end.
            Woken::Order(order) => self.on_order(order.unwrap_or(Order::Stop)).await,
            Woken::Timer => self.take(Input::Tick, None).await,
            Woken::Refresh => {
                self.refresh();
                self.require_room()
            }
        }
    }

    /// Fails on a full disk. The client library only keeps to itself what it cannot store, acknowledges none of it
    /// and tells nobody: the session would be READY, and nothing would arrive any more.
    fn require_room(&self) -> Result<()> {
        // Without a link nothing arrives, and it was said already.
        if self.link.is_none() { Ok(()) } else { blocking(|| disk::require_room(self.parts.session.folder())) }
    }

    /// A store cannot be used. The link ends, since nothing can be kept of what it brings, and the
    /// daemon stays to say so. Nothing here may need the store.
    async fn fail(&mut self, error: &Error) {
        tracing::error!(cause = error.chain(), "a store cannot be used");
        self.pump.close();
        self.waker.disconnected();
        if self.parts.machine.state == State::Stopped {
            self.done = true;
        }
        self.parts.machine = self.parts.machine.step(Input::StoreFailed, clock::now_ms()).0;
        self.show_state(Some(self.parts.tokens.scrub(&error.chain())));
        if let Some((link, _)) = self.link.take() {
            link.shutdown().await;
        }
    }

    async fn boot(&mut self) -> Result<()> {
        let store = self.parts.session.session_db();
        let input = match Identity::read(&store).await {
            Ok(identity) => {
                let gone = self.gone(identity.as_ref())?;
                let paired = identity.as_ref().is_some_and(|identity| identity.paired);
                Input::Booted { paired, gone }
            }
            Err(error) => {
                return self.take(Input::StoreFailed, Some(error.chain())).await;
            }
        };
        if let (false, Input::Booted { gone: None, paired }) = (blocking(|| self.parts.messages.sync_enabled())?, input) {
            // The operator gave the connection up before the last end of the daemon.
            self.parts.machine.paired = paired;
            return self.take(Input::SyncRequested { enabled: false }, None).await;
        }
        self.take(input, None).await
    }

    /// Whether the device in the store is known to have been logged out. A device that was linked
    /// anew since then has other keys.
    fn gone(&self, identity: Option<&Identity>) -> Result<Option<Gone>> {
        let Some(identity) = identity else { return Ok(None) };
        let Some(entry) = blocking(|| self.parts.book.latest("logged_out"))? else { return Ok(None) };
        if entry.data.get("device").and_then(|device| device.as_str()) != Some(&identity.fingerprint) {
            return Ok(None);
        }
        let reason = entry.data.get("reason").cloned().unwrap_or_default();
        Ok(Some(serde_json::from_value(reason).unwrap_or(Gone::LoggedOut)))
    }

    // ── What happens ──

    async fn on_event(&mut self, event: LinkEvent) -> Result<()> {
        let now_ms = clock::now_ms();
        let (input, detail) = match event {
            LinkEvent::Connecting { attempt } => {
                tracing::info!(attempt, "connecting");
                if matches!(self.parts.machine.state, State::Syncing | State::Ready | State::Reconnecting | State::Degraded) {
                    self.reconnects += 1;
                }
                (Input::Connecting, None)
            }
            LinkEvent::ConnectFailed { fault, detail } => {
                tracing::warn!(fault = fault.name(), detail, "not connected");
                (Input::ConnectFailed, Some(format!("{}: {detail}", fault.name())))
            }
            LinkEvent::EndpointChanged => (Input::EndpointChanged, Some("another simulator is there now".to_owned())),
            LinkEvent::QrCode { code, valid_for } => {
                let expires_ms = now_ms.saturating_add(i64::try_from(valid_for.as_millis()).unwrap_or(i64::MAX));
                self.auth(|auth| {
                    if auth.pair_code.is_none() {
                        auth.stage = AuthStage::Qr;
                    }
                    auth.detail = None;
                    auth.qr_code = Some(code);
                    auth.qr_expires_ms = Some(expires_ms);
                })?;
                (Input::CodeShown, None)
            }
            LinkEvent::PairCode { code, .. } => {
                self.auth(|auth| {
                    auth.stage = AuthStage::PairCode;
                    auth.detail = None;
                    auth.pair_code = Some(code);
                })?;
                (Input::CodeShown, None)
            }
            LinkEvent::PairCodeFailed { detail } => {
                self.auth_failed(&detail)?;
                (Input::CodeFailed, Some(detail))
            }
            LinkEvent::PasskeyRequired => {
                self.auth(|auth| auth.stage = AuthStage::PasskeyRequired)?;
                (Input::PasskeyRequired, None)
            }
            LinkEvent::PairAccepted => {
                self.auth(|auth| *auth = Auth { stage: AuthStage::Accepted, ..no_auth() })?;
                (Input::PairAccepted, None)
            }
            LinkEvent::PairFailed { detail } => {
                self.auth_failed(&detail)?;
                (Input::PairFailed, Some(detail))
            }
            LinkEvent::QrExhausted => {
                self.auth_failed("every QR code ran out before the phone scanned one")?;
                (Input::QrExhausted, None)
            }
            LinkEvent::LoggedIn => (Input::LoggedIn, None),
            LinkEvent::Connected => {
                if let Some(account) = self.link.as_ref().and_then(|(link, _)| link.account()) {
                    let foreign = blocking(|| self.parts.messages.set_account(&account))?;
                    if foreign > 0 {
                        tracing::warn!(foreign, "messages queued for the account linked before are rejected");
                    }
                }
                self.auth(|auth| *auth = Auth { stage: AuthStage::Open, ..no_auth() })?;
                (Input::Opened, None)
            }
            LinkEvent::OfflineSyncDone => (Input::OfflineSyncDone, None),
            LinkEvent::Disconnected { detail } => (Input::Disconnected, Some(detail)),
            LinkEvent::LoggedOut => {
                self.auth_failed("the phone removed this device")?;
                (Input::LoggedOut(Gone::LoggedOut), None)
            }
            LinkEvent::MainDeviceGone => {
                self.auth_failed("the account or its phone is locked or gone")?;
                (Input::LoggedOut(Gone::MainDeviceGone), None)
            }
            LinkEvent::StreamReplaced => (Input::StreamReplaced, None),
            LinkEvent::TemporaryBan { expires_after } => {
                let detail = expires_after.map(|after| ban_told(after, clock::now_ms()));
                (Input::TemporaryBan, detail)
            }
            LinkEvent::ClientOutdated => (Input::ClientOutdated, None),
            LinkEvent::LoginRefused { code, retries } => {
                let detail = Some(format!("the server refused the login with code {code}"));
                (if retries { Input::LoginDeferred } else { Input::LoginRefused }, detail)
            }
            LinkEvent::StreamError { code } => {
                tracing::warn!(code, "stream error");
                if !matches!(code.as_str(), "429" | "503" | "515") {
                    // The library keeps the connection: it is about one stanza.
                    return Ok(());
                }
                (Input::StreamError, Some(format!("stream error {code}")))
            }
            LinkEvent::Silence { silent_ms } => {
                tracing::warn!(silent_ms, "the server is silent; the connection is cut");
                (Input::Silence, Some(format!("no byte from the server for {silent_ms} ms")))
            }
            LinkEvent::StoreFailed { detail } => {
                tracing::error!(cause = detail, "a store cannot be used");
                (Input::StoreFailed, Some(detail))
            }
            LinkEvent::Ended => (Input::LinkEnded, None),
            LinkEvent::Ack { message_id, error } => return self.on_ack(&message_id, error.as_deref(), now_ms),
            LinkEvent::Receipt { chat, message_ids, kind } => {
                let receipt = Receipt { chat, ids: message_ids, kind, at_ms: now_ms };
                return blocking(|| self.parts.ingest.receipt(&receipt));
            }
            LinkEvent::Undecryptable(message) => {
                let name = self.parts.tokens.of(&message.id);
                tracing::warn!(id = name, "a message cannot be decrypted yet");
                return blocking(|| self.parts.ingest.message(&incoming(message))).map(drop);
            }
        };
        if input == Input::LinkEnded {
            self.pump.close();
            self.link = None;
        }
        self.take(input, detail).await
    }

    fn on_ack(&mut self, message_id: &str, error: Option<&str>, now_ms: i64) -> Result<()> {
        let row = blocking(|| self.parts.outbox.on_ack(message_id, error, now_ms))?;
        if row.is_some() {
            let id = self.parts.tokens.of(message_id);
            match error {
                None => tracing::info!(id, "accepted by the server"),
                Some(error) => tracing::warn!(id, error, "rejected by the server"),
            }
            self.pump.look();
        }
        Ok(())
    }

    async fn on_order(&mut self, order: Order) -> Result<()> {
        match order {
            Order::OutboxChanged => self.pump.look(),
            Order::Stop => self.take(Input::StopRequested, None).await?,
            Order::Sync { enabled, answer } => {
                let result = blocking(|| self.parts.messages.set_sync_enabled(enabled));
                let taken = result.is_ok();
                if taken {
                    self.take(Input::SyncRequested { enabled }, None).await?;
                }
                // Who asked may be gone; the order was followed all the same.
                let _ = answer.send(result);
            }
            Order::Link { phone_number, answer } => {
                if !self.parts.machine.may_link() {
                    let state = self.parts.machine.state.name();
                    let error = Error::new(
                        ErrorKind::Denied,
                        format!("session {} is {state} and needs no linking", self.parts.session.name()),
                    )
                    .hint("to link another phone, unlink this device on its phone first, or use another session");
                    let _ = answer.send(Err(error));
                    return Ok(());
                }
                let by_code = phone_number.is_some();
                self.phone_number = phone_number;
                // Before the answer, so that who asked does not read how the last attempt ended.
                let shown = self.link.is_some();
                self.auth(|auth| match (by_code, auth.stage) {
                    (false, AuthStage::Qr) if shown => {}
                    _ => *auth = Auth { stage: AuthStage::Requesting, ..no_auth() },
                })?;
                blocking(|| self.parts.messages.set_sync_enabled(true))?;
                self.take(Input::LinkRequested { by_code }, None).await?;
                let _ = answer.send(Ok(()));
            }
        }
        Ok(())
    }

    // ── What follows ──

    /// One step of the machine, what it wants done, and all steps that follow from that.
    async fn take(&mut self, input: Input, detail: Option<String>) -> Result<()> {
        let mut inputs = std::collections::VecDeque::from([(input, detail)]);
        while let Some((input, detail)) = inputs.pop_front() {
            let (next, actions) = self.parts.machine.step(input, clock::now_ms());
            let before = std::mem::replace(&mut self.parts.machine, next);
            // Written down before the act: a logout must be known even if its goodbye hangs.
            if let Some(record) = actions.iter().find_map(|action| match action {
                Action::RecordLogout(gone) => Some(*gone),
                _ => None,
            }) {
                self.record_logout(record)?;
            }
            self.publish(&before, detail)?;
            for action in actions {
                if let Some(follow) = self.act(action).await? {
                    inputs.push_back(follow);
                }
            }
        }
        Ok(())
    }

    async fn act(&mut self, action: Action) -> Result<Option<(Input, Option<String>)>> {
        match action {
            Action::Connect => return Ok(self.connect().await),
            Action::Disconnect => {
                self.pump.close();
                if let Some((link, _)) = self.link.take() {
                    link.shutdown().await;
                }
                blocking(|| self.parts.outbox.on_disconnected(clock::now_ms()))?;
            }
            Action::Cut => {
                if let Some((link, _)) = &self.link {
                    link.cut().await;
                }
            }
            Action::AskPairCode => {
                if let (Some((link, _)), Some(number)) = (&self.link, self.phone_number.take()) {
                    link.request_pair_code(number);
                }
            }
            Action::SavePairing => {
                if let Some((link, _)) = &self.link {
                    link.flush().await?;
                    blocking(|| self.parts.messages.set_logged_out(None))?;
                }
            }
            // Recorded before anything else was done.
            Action::RecordLogout(_) => {}
            Action::SetStoreAside => {
                let stamp = clock::compact(clock::now());
                blocking(|| set_store_aside(&self.parts.session, &stamp))?;
                self.parts.book.record("relink", &json!({ "store": stamp }))?;
            }
            Action::Drain => self.drain().await?,
            Action::Exit => self.done = true,
        }
        Ok(None)
    }

    async fn connect(&mut self) -> Option<(Input, Option<String>)> {
        let phone_number = self.phone_number.take();
        if !self.parts.machine.paired {
            let begun = self.auth(|auth| *auth = Auth { stage: AuthStage::Requesting, ..no_auth() });
            if let Err(error) = begun {
                return Some((Input::StoreFailed, Some(error.chain())));
            }
        }
        let settings = LinkSettings {
            home: self.parts.home.clone(),
            session_db: self.parts.session.session_db(),
            device_name: self.parts.device_name.clone(),
            watchdog: self.parts.watchdog,
            phone_number,
            ledger: std::sync::Arc::new(self.parts.book.clone()),
        };
        match Link::start(settings).await {
            Ok(link) => {
                self.link = Some(link);
                None
            }
            Err(error) => {
                let input = match error.kind() {
                    ErrorKind::Denied => Input::EndpointDenied,
                    ErrorKind::Unreachable => Input::EndpointAbsent,
                    _ => Input::StoreFailed,
                };
                tracing::error!(cause = error.chain(), "no link");
                Some((input, Some(error.chain())))
            }
        }
    }

    fn record_logout(&mut self, gone: Gone) -> Result<()> {
        let reason = match gone {
            Gone::LoggedOut => Reason::LoggedOut,
            Gone::MainDeviceGone => Reason::MainDeviceGone,
        };
        let device = self.link.as_ref().map(|(link, _)| link.fingerprint());
        blocking(|| {
            self.parts.book.record("logged_out", &json!({ "device": device, "reason": gone }))?;
            self.parts.messages.set_logged_out(Some(&LoggedOut { at_ms: clock::now_ms(), reason }))
        })
    }

    /// Waits until the server has answered what was handed to it, or the time is over.
    async fn drain(&mut self) -> Result<()> {
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        self.pump.close();
        let deadline = Instant::now() + self.parts.drain_timeout;
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while self.link.is_some() {
            let in_flight = blocking(|| self.parts.outbox.in_flight())?;
            if in_flight == 0 {
                break;
            }
            if Instant::now() >= deadline {
                tracing::warn!(in_flight, "the drain timed out; these are sent again after the next start");
                break;
            }
            tokio::select! {
                biased;
                event = next_event(&mut self.link) => match event {
                    Some(LinkEvent::Ack { message_id, error }) => {
                        self.on_ack(&message_id, error.as_deref(), clock::now_ms())?;
                    }
                    Some(LinkEvent::Ended | LinkEvent::Disconnected { .. }) | None => break,
                    Some(_) => {}
                },
                _ = look.tick() => {}
            }
        }
        Ok(())
    }

    // ── What others read ──

    fn publish(&mut self, before: &Machine, detail: Option<String>) -> Result<()> {
        let machine = &self.parts.machine;
        let changed = (before.state, before.reason) != (machine.state, machine.reason);
        // Details come from errors of the network, which may name an address.
        let detail = detail.map(|detail| self.parts.tokens.scrub(&detail));
        let (state, reason) = (machine.state, machine.reason);
        let shown = if changed || detail.is_some() { detail.clone() } else { self.parts.hub.status.borrow().detail.clone() };
        if changed && reason == Reason::AcceptedNotOpened {
            self.auth_failed("the phone accepted, but the session never opened")?;
        }
        // Shown before it is written down, so that a store that fails does not hide it.
        self.show_state(shown);
        if changed {
            let (from, to) = (before.state, state);
            tracing::info!(from = from.name(), to = to.name(), reason = reason.name(), detail, "state");
            blocking(|| self.parts.messages.add_transition(from, to, reason, detail.as_deref(), clock::now_ms()))?;
        }
        let was_open = before.state == State::Ready;
        let is_open = state == State::Ready;
        if is_open && !was_open {
            if let Some((link, _)) = &self.link {
                self.pump.open(link.sender());
                self.waker.connected(link.sender())?;
            }
        } else if was_open && !is_open {
            self.pump.close();
            self.waker.disconnected();
            // A stopping daemon still waits for these answers.
            if state != State::Stopped {
                blocking(|| self.parts.outbox.on_disconnected(clock::now_ms()))?;
            }
        }
        Ok(())
    }

    /// Shows the machine's state to the local API and the service manager. Needs no store.
    fn show_state(&mut self, detail: Option<String>) {
        let machine = &self.parts.machine;
        self.parts.hub.status.send_modify(|status| {
            status.detail = detail;
            status.state = machine.state;
            status.reason = machine.reason;
            status.since_ms = machine.since_ms;
            status.paired = machine.paired;
            status.sync_enabled = machine.sync_enabled;
        });
        let text = format!("{} ({})", machine.state.name(), machine.reason.name());
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Status(&text)]);
        self.refresh();
    }

    fn refresh(&mut self) {
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
        let heard = self.link.as_ref().and_then(|(link, _)| link.last_heard_ms());
        let reconnects = self.reconnects;
        self.parts.hub.status.send_if_modified(|status| {
            let heard = heard.or(status.last_heard_ms);
            let changed = (status.last_heard_ms, status.reconnects) != (heard, reconnects);
            (status.last_heard_ms, status.reconnects) = (heard, reconnects);
            changed
        });
    }

    fn auth(&self, change: impl FnOnce(&mut Auth)) -> Result<()> {
        let before = self.parts.hub.auth.borrow().clone();
        self.parts.hub.auth.send_modify(change);
        let after = self.parts.hub.auth.borrow().clone();
        if before.stage != after.stage {
            // Never the codes: events are kept in a file, and who has a code can link a phone.
            let data = json!({ "stage": after.stage, "detail": after.detail });
            blocking(|| self.parts.messages.add_event("auth", &data))?;
            tracing::info!(stage = ?after.stage, "linking");
        }
        Ok(())
    }

    fn auth_failed(&self, detail: &str) -> Result<()> {
        let detail = self.parts.tokens.scrub(detail);
        self.auth(|auth| *auth = Auth { stage: AuthStage::Failed, detail: Some(detail), ..no_auth() })
    }
}

/// Nothing going on.
pub fn no_auth() -> Auth {
    Auth { stage: AuthStage::Idle, qr_code: None, qr_expires_ms: None, pair_code: None, detail: None }
}

async fn tick_at(at_ms: Option<i64>) {
    match at_ms {
        Some(at) => {
            let wait = u64::try_from(at.saturating_sub(clock::now_ms())).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        None => std::future::pending().await,
    }
}

async fn next_event(link: &mut Option<(Link, mpsc::UnboundedReceiver<LinkEvent>)>) -> Option<LinkEvent> {
    match link {
        Some((_, events)) => events.recv().await,
        None => std::future::pending().await,
    }
}

/// Moves the library's store out of the session's folder, beside it; nothing is deleted.
fn set_store_aside(session: &SessionPaths, stamp: &str) -> Result<()> {
    let aside = session.beside("logged-out", stamp);
    disk::create_folder(&aside)?;
    let store = session.session_db();
    for suffix in ["", "-wal", "-shm"] {
        let mut name = store.clone().into_os_string();
        name.push(suffix);
        let from = PathBuf::from(name);
        if let (true, Some(name)) = (from.exists(), from.file_name()) {
            disk::rename(&from, &aside.join(name))?;
        }
    }
    Ok(())
}
