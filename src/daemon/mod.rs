//! The daemon: one process that owns one session.
//!
//! [`run`] is the whole of it. [`supervisor`] owns the link and the state, [`pump`] carries the
//! outbox to the link, [`book`] writes down what must be on the disk first, [`outbox`] decides what
//! is sent when, [`ingest`] takes in what comes, [`wake`] wakes the own phone after a restore,
//! [`minute`] has the schedule looked at, [`sample`] writes down what the daemon takes. [`control`] serves the local API whose
//! shapes are in [`api`]; [`hub`] is what the rooms share. [`client`] is the other side of it.

pub mod api;
pub mod client;
pub mod hub;
pub mod outbox;
pub mod ingest;
pub mod control;
pub mod log;
pub mod minute;
pub mod book;
pub mod pump;
pub mod sample;
pub mod wake;
pub mod supervisor;

use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use self::api::Status;
use self::book::Book;
use self::control::Listener;
use self::hub::Hub;
use self::ingest::Ingest;
use self::outbox::Outbox;
use self::supervisor::{Parts, Supervisor, no_auth};
use crate::clock;
use crate::config::Config;
use crate::disk::{self, Lock};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, SessionPaths};
use crate::journal::{Entry, Journal};
use crate::session::messages::{Messages, SearchMode};
use crate::session::state::{Limits, Machine};

/// How long after a stream error its connection may stand.
const STREAM_ERROR_MS: i64 = 5_000;

/// How long after its unexpected end a link is made anew.
const RELINK_MS: i64 = 1_000;

/// Threads for tasks: the daemon mostly waits, and one more than one keeps a database call from
/// holding up the rest.
const WORKERS: usize = 2;

/// How a daemon ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How long it ran, in milliseconds.
    pub ran_ms: i64,
}

/// Runs one session's daemon in this process until it is told to stop.
///
/// # Errors
/// [`crate::error::ErrorKind::Locked`] at once when another process holds the session; anything that keeps the
/// stores from being opened.
pub fn run(home: &Home, session: &SessionPaths, config: &Config) -> Result<Ended> {
    let started_ms = clock::now_ms();
    session.checked_socket()?;
    home.ensure()?;
    disk::create_folder(session.folder())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .while_doing(|| "cannot start the daemon's threads".into())?;
    // From the moment in which the lock names this process, it is told to stop by a signal.
    let signals = {
        let _inside = runtime.enter();
        supervisor::signals()?
    };
    let lock = Lock::acquire(&session.lock(), "daemon")?;
    refuse_half_restored(home, session)?;
    let tokens = log::start(session, config)?;
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(pid = u64::from(std::process::id()), version, home = home.kind().name(), "the daemon starts");
    let result = serve(runtime, signals, home, session, config, &tokens, started_ms);
    match &result {
        Ok(()) => tracing::info!("the daemon ends"),
        Err(error) => tracing::error!(cause = error.chain(), "the daemon fails"),
    }
    // Held until everything of this session is closed.
    drop(lock);
    result.map(|()| Ended { ran_ms: clock::now_ms() - started_ms })
}

/// A restore that was killed between two renames leaves the files of two moments. Commands put them
/// right before they start a daemon; with the lock held, this is the look that nobody can overtake.
fn refuse_half_restored(home: &Home, session: &SessionPaths) -> Result<()> {
    let open = Journal::open(&home.journal())?.open_entries(session.name())?;
    let half = |entry: &Entry| entry.verb == "restore" && matches!(entry.data["phase"].as_str(), Some("swapping" | "undoing"));
    match open.iter().find(|entry| half(entry)) {
        None => Ok(()),
        Some(entry) => Err(Error::new(
            ErrorKind::Locked,
            format!(
                "a restore of session {} was interrupted while it swapped files (entry {} of the journal)",
                session.name(),
                entry.id
            ),
        )
        .hint(format!(
            "any `wpp` command puts the old files back: run `wpp status --session {}`, then start again",
            session.name()
        ))),
    }
}

fn serve(
    runtime: Runtime,
    signals: mpsc::Receiver<()>,
    home: &Home,
    session: &SessionPaths,
    config: &Config,
    tokens: &log::Tokens,
    started_ms: i64,
) -> Result<()> {
    // First, since it proves that no other daemon answers here; what it hears waits for `serve`.
    let listener = {
        let _inside = runtime.enter();
        Listener::bind(session)?
    };
    let messages = Messages::open(&session.wpp_db())?;
    let ingest = Ingest::new(messages.clone());
    let outbox = Outbox::new(messages.clone(), config.number("daemon.ack_timeout_ms"));
    let book = Book::new(Journal::open(&home.journal())?, session.name(), ingest.clone());
    book.record("start", &json!({ "role": "daemon" }))?;
    let milliseconds = |path| i64::try_from(config.number(path)).unwrap_or(i64::MAX);
    let limits = Limits {
        open_ms: milliseconds("daemon.open_timeout_ms"),
        sync_ms: milliseconds("daemon.sync_timeout_ms"),
        stream_error_ms: STREAM_ERROR_MS,
        relink_ms: RELINK_MS,
    };
    let machine = Machine::new(limits, started_ms);
    let counts = messages.counts()?;
    let status = Status {
        session: session.name().to_owned(),
        state: machine.state,
        reason: machine.reason,
        detail: None,
        since_ms: machine.since_ms,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_ms,
        paired: false,
        last_heard_ms: None,
        reconnects: 0,
        outbound_paused: messages.outbound_paused()?,
        sync_enabled: messages.sync_enabled()?,
        outbox_pending: counts.outbox_pending,
        messages: counts.messages,
        last_event_id: counts.newest_event_id,
        search_mode: if messages.index_problem()?.is_some() { SearchMode::Degraded } else { SearchMode::Fts },
        edited_ms: None,
    };
    let (hub, orders) = Hub::new(status, no_auth(), &messages)?;
    let parts = Parts {
        home: home.clone(),
        session: session.clone(),
        hub,
        orders,
        messages,
        outbox,
        ingest,
        book: book.clone(),
        tokens: tokens.clone(),
        machine,
        device_name: config.text("device.name").to_owned(),
        watchdog: config.duration("daemon.watchdog_ms"),
        drain_timeout: config.duration("daemon.drain_timeout_ms"),
        signals,
    };
    let result = runtime.block_on(async {
        let (stop, stopped) = oneshot::channel::<()>();
        let (hub, messages, outbox) = (parts.hub.clone(), parts.messages.clone(), parts.outbox.clone());
        let sampled = hub.clone();
        let name = session.name().to_owned();
        let serving = tokio::spawn(async move {
            // A sender that is dropped says the same as one that speaks.
            let stopped = async { drop(stopped.await) };
            control::serve(listener, &name, hub, messages, outbox, stopped).await
        });
        let looking = config
            .boolean("schedule.daemon")
            .then(|| std::env::current_exe().map(|program| tokio::spawn(minute::look_every_minute(home.clone(), program))));
        if let Some(Err(error)) = &looking {
            tracing::warn!(cause = error.to_string(), "the schedule cannot be looked at: wpp's own file is not found");
        }
        let sampling = sample::interval(config)
            .map(|interval| tokio::spawn(sample::write_every(interval, home.clone(), session.clone(), started_ms, sampled)));
        let supervisor = Supervisor::new(parts);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        let supervised = supervisor.run().await;
        if let Some(Ok(looking)) = looking {
            looking.abort();
        }
        if let Some(sampling) = sampling {
            sampling.abort();
        }
        drop(stop);
        let served = serving.await.while_doing(|| "the local API ended without a result".into())?;
        supervised.and(served)
    });
    drop(runtime);
    let clean = result.is_ok();
    book.record("stop", &json!({ "clean": clean }))?;
    result
}
