//! Drills: rehearsals in a throw-away sandbox whose every step says what must be seen and what was.
//!
//! A drill's steps are command lines, run by the [`Runner`] that the face supplies, and orders to
//! the simulator. [`Rehearsal`] records the steps; [`sandbox::Sandbox`] is where they happen.

pub mod fault;
pub mod inject;
pub mod sandbox;
pub mod smoke;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::clock::Stopwatch;
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Event, Sink, Step, Verdict};

pub use crate::runbook::Runner;

/// What a drill must stay inside of.
#[derive(Debug, Clone)]
pub struct Limits {
    /// No step begins after this moment, and none that waits outlives it.
    pub deadline: Instant,
    /// Set when the operator pressed Ctrl-C.
    pub interrupted: Arc<AtomicBool>,
}

/// Runs steps in order and remembers how each went. After a step that failed, none runs.
pub struct Rehearsal {
    steps: Vec<Step>,
    sink: Arc<dyn Sink>,
    limits: Limits,
}

impl Rehearsal {
    /// An empty record.
    pub fn new(sink: Arc<dyn Sink>, limits: Limits) -> Rehearsal {
        Rehearsal { steps: Vec::new(), sink, limits }
    }

    /// What is left of the drill's time.
    pub fn time_left(&self) -> Duration {
        self.limits.deadline.saturating_duration_since(Instant::now())
    }

    /// Runs one step. `act` says what it observed, or the error that is the observation.
    ///
    /// `Err` means that the drill is over: the step failed, or time is up, or the operator
    /// interrupted; the record holds it already.
    pub fn step(
        &mut self,
        title: &str,
        expected: &str,
        act: impl FnOnce(&Rehearsal) -> Result<String>,
    ) -> std::result::Result<(), Over> {
        let stopped = if self.limits.interrupted.load(Ordering::Relaxed) {
            Some("interrupted by the operator")
        } else if self.time_left().is_zero() {
            Some("the drill's time was up")
        } else {
            None
        };
        self.sink.emit(Event::StepStarted { title: title.into() });
        let watch = Stopwatch::start();
        let (verdict, observed) = match stopped {
            Some(why) => (Verdict::Aborted, why.to_owned()),
            None => match act(self) {
                Ok(observed) => (Verdict::Pass, observed),
                Err(error) if self.limits.interrupted.load(Ordering::Relaxed) => (Verdict::Aborted, error.chain()),
                Err(error) => (Verdict::Fail, error.chain()),
            },
        };
        let step = Step { title: title.into(), verdict, expected: expected.into(), observed, took_ms: watch.elapsed_ms() };
        self.sink.emit(Event::StepFinished(step.clone()));
        self.steps.push(step);
        if verdict == Verdict::Pass { Ok(()) } else { Err(Over) }
    }

    /// The record, and the worst verdict in it.
    pub fn finish(self) -> (Vec<Step>, Verdict) {
        let worst = self.steps.iter().map(|step| step.verdict).max().unwrap_or(Verdict::Unknown);
        (self.steps, worst)
    }

    /// Asks `look` again and again until it yields something or the time is up.
    pub fn wait_for<T>(&self, what: &str, patience: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        let deadline = Instant::now() + patience.min(self.time_left());
        loop {
            if let Some(found) = look()? {
                return Ok(found);
            }
            if self.limits.interrupted.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Interrupted, format!("interrupted while waiting for {what}"))
                    .hint("run the drill again"));
            }
            if Instant::now() >= deadline {
                return Err(deviation(format!("{what} did not happen within {} s", patience.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The drill ended before its last step; the record says why.
#[derive(Debug)]
pub struct Over;

/// What was observed is not what was expected.
pub fn deviation(observed: impl Into<String>) -> Error {
    Error::new(ErrorKind::Failed, observed).hint("the sandbox is kept; look at it with `wpp --home FOLDER doctor`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Silent;

    fn limits(seconds: u64) -> Limits {
        Limits { deadline: Instant::now() + Duration::from_secs(seconds), interrupted: Arc::default() }
    }

    #[test]
    fn a_deviation_ends_the_drill_and_is_its_verdict() {
        let mut rehearsal = Rehearsal::new(Arc::new(Silent), limits(60));
        rehearsal.step("one", "x", |_| Ok("x".into())).unwrap();
        rehearsal.step("two", "x", |_| Err(deviation("y"))).unwrap_err();
        let (steps, verdict) = rehearsal.finish();
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(steps[1].observed, "y");
    }

    #[test]
    fn no_step_begins_after_the_time_or_an_interrupt() {
        let mut rehearsal = Rehearsal::new(Arc::new(Silent), limits(0));
        rehearsal.step("late", "x", |_| Ok("x".into())).unwrap_err();
        assert_eq!(rehearsal.finish().1, Verdict::Aborted);
        let limits = limits(60);
        limits.interrupted.store(true, Ordering::Relaxed);
        let mut rehearsal = Rehearsal::new(Arc::new(Silent), limits);
        rehearsal.step("interrupted", "x", |_| Ok("x".into())).unwrap_err();
        assert_eq!(rehearsal.finish().1, Verdict::Aborted);
    }

    #[test]
    fn nothing_done_is_not_a_pass() {
        assert_eq!(Rehearsal::new(Arc::new(Silent), limits(1)).finish().1, Verdict::Unknown);
    }
}
