//! What one call of a plugin is given: its own settings, its log, the time, and HTTP to what the
//! operator granted. Start with [`Powers`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::host::words::http::{Error as HttpError, Request, Response};
use super::host::words::log::Level;
use super::http::{self, Http};
use crate::clock::Stopwatch;

/// Lines of the log that are kept of one call, and the length of each.
const LINES_MAX: usize = 200;
const LINE_BYTES_MAX: usize = 4096;
/// Names of settings that are kept of one call.
const SETTINGS_MAX: usize = 200;
/// The most that is kept back of a deadline for what a plugin does after it has waited.
const KEPT_MAX: Duration = Duration::from_secs(1);

/// What a call is given.
pub struct Powers {
    settings: Arc<BTreeMap<String, String>>,
    http: Arc<Http>,
    deadline: Duration,
    begun: Stopwatch,
    /// What the clock says when the call begins; `None` is the truth.
    now: Option<jiff::Timestamp>,
    heard: Heard,
}

/// What was heard of a call beside its answer.
#[derive(Debug, Default)]
pub struct Heard {
    /// What it wrote, with its level in front, in order.
    pub lines: Vec<(&'static str, String)>,
    /// How many lines more there were.
    pub dropped: usize,
    /// Requests that were not sent, each with the reason.
    pub denied: Vec<String>,
    /// How many requests were sent.
    pub requests: usize,
    /// The settings that it asked for, whether they are there or not.
    pub settings: BTreeSet<String>,
    /// The memory that it took.
    pub memory_bytes: usize,
    /// How long it took.
    pub took_ms: u64,
}

impl Powers {
    /// For one call.
    pub fn new(settings: Arc<BTreeMap<String, String>>, http: Arc<Http>, deadline: Duration) -> Powers {
        Powers { settings, http, deadline, begun: Stopwatch::start(), now: None, heard: Heard::default() }
    }

    /// The same at another time.
    #[must_use]
    pub fn at(self, now: jiff::Timestamp) -> Powers {
        Powers { now: Some(now), ..self }
    }

    /// Takes a line of the log.
    pub fn write(&mut self, level: Level, message: String) {
        if self.heard.lines.len() >= LINES_MAX {
            self.heard.dropped += 1;
            return;
        }
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let end = (0..=LINE_BYTES_MAX.min(message.len())).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
        self.heard.lines.push((level, self.http.blotted(&message[..end])));
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let now_ms = match self.now {
            Some(now) => now.as_millisecond().saturating_add_unsigned(self.begun.elapsed_ms()),
            None => crate::clock::now().as_millisecond(),
        };
        u64::try_from(now_ms).unwrap_or(0)
    }

    /// Since some moment before the call.
    pub fn monotonic_ms(&self) -> u64 {
        self.begun.elapsed_ms()
    }

    /// What operators call the plugin.
    pub fn name(&self) -> &str {
        self.http.plugin()
    }

    /// One of the plugin's settings.
    pub fn setting(&mut self, name: &str) -> Option<String> {
        if self.heard.settings.len() < SETTINGS_MAX {
            self.heard.settings.insert(name.chars().take(64).collect());
        }
        self.settings.get(name).cloned()
    }

    /// Waits for as long as this, or until the end of what a plugin may wait for.
    pub async fn sleep(&self, wish: Duration) {
        tokio::time::sleep(wish.min(self.left())).await;
    }

    /// How long a call of the host's may take now. Some of the deadline is kept back, so that a plugin
    /// that waited in vain can still say so.
    fn left(&self) -> Duration {
        let kept = (self.deadline / 10).min(KEPT_MAX);
        self.deadline.saturating_sub(kept).saturating_sub(self.begun.elapsed())
    }

    /// Sends a request, if it is granted.
    pub async fn send(&mut self, request: Request) -> Result<Response, HttpError> {
        let wish = request.timeout_ms.map_or(http::PATIENCE, |ms| Duration::from_millis(ms.into()));
        let answer = self.http.send(request, wish, self.left()).await;
        match &answer {
            Err(HttpError::Denied(why)) => self.heard.denied.push(why.clone()),
            _ => self.heard.requests += 1,
        }
        answer
    }

    /// What was heard, at the end.
    pub fn heard(self, memory_bytes: usize) -> Heard {
        Heard { memory_bytes, took_ms: self.begun.elapsed_ms(), ..self.heard }
    }
}
