//! How one try of one block is made, a file for each kind.
//!
//! Start with [`attempt`]. What a try answered is judged elsewhere; here is only told what it was, and
//! when there was no answer, why.

mod http;
mod manual;
mod sh;
mod sql;
mod wpp;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

pub use self::http::Request;
pub use self::wpp::may_run;

use super::Site;
use super::expect::Answer;
use super::fence::{Fence, Kind};
use super::values::Values;
use crate::process::Group;

/// What of a step's output is kept, in bytes.
pub const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// How long something that cannot be ended from outside has to end by itself, after its time is up or
/// the operator interrupted.
const GRACE: Duration = Duration::from_secs(10);

/// What a try needs to know.
pub struct Scene<'a> {
    /// Where it acts.
    pub site: &'a Site<'a>,
    /// The values of the run.
    pub values: &'a Values,
    /// Answers that the operator gave in advance, by the ids of the questions.
    pub answers: &'a BTreeMap<String, bool>,
    /// Whether scripts may be run.
    pub shell_allowed: bool,
    /// Set when it is to end.
    pub stop: &'a Arc<AtomicBool>,
    /// Writes down a script that begins; it does nothing before that is on the disk.
    pub know: &'a dyn Fn(Group) -> std::io::Result<()>,
}

/// What became of a try.
#[derive(Debug)]
pub enum Tried {
    /// There is an answer to be judged.
    Answered(Answer),
    /// There is none, and that is not as expected.
    Failed(String),
    /// It could not be checked.
    Unknown(String),
    /// The operator interrupted it.
    Interrupted(String),
    /// A person would have to say yes, and nobody is there.
    Declined(String),
    /// It did not end, and goes on until this process ends.
    Stuck(String),
}

impl Tried {
    fn interrupted() -> Tried {
        Tried::Interrupted("interrupted by the operator".into())
    }
}

/// A try and what it wrote.
#[derive(Debug)]
pub struct Attempt {
    /// What became of it.
    pub tried: Tried,
    /// What was asked and answered, secrets still in it.
    pub transcript: String,
    /// Whether something was begun that may have to be taken back.
    pub acted: bool,
}

impl Attempt {
    fn of(tried: Tried, transcript: impl Into<String>) -> Attempt {
        Attempt { tried, transcript: transcript.into(), acted: true }
    }

    /// One that ended before it did anything.
    fn idle(tried: Tried, transcript: impl Into<String>) -> Attempt {
        Attempt { acted: false, ..Attempt::of(tried, transcript) }
    }
}

/// Tries a block once.
pub fn attempt(fence: &Fence, scene: &Scene<'_>) -> Attempt {
    match fence.kind {
        Kind::Wpp => wpp::attempt(fence, scene),
        Kind::Http => http::attempt(fence, scene),
        Kind::Sh => sh::attempt(fence, scene),
        Kind::Sql => sql::attempt(fence, scene),
        Kind::Manual => manual::attempt(fence, scene),
    }
}

impl Scene<'_> {
    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What became of work that cannot be ended from outside.
enum Waited<T> {
    Done(T),
    /// The operator interrupted, and it did not end.
    Interrupted,
    /// Its time was up, and it did not end.
    Late,
    /// It panicked.
    Died,
}

/// Does work on a thread of its own and waits for it: until its time is up or the operator interrupts,
/// and then for `grace` longer.
fn wait_for<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    timeout: Option<Duration>,
    grace: Duration,
    stop: &AtomicBool,
) -> Waited<T> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(work()));
    let mut deadline = timeout.map(|timeout| Instant::now() + timeout);
    let mut over: Option<Waited<T>> = None;
    loop {
        match receiver.recv_timeout(Duration::from_millis(20)) {
            Ok(done) => return Waited::Done(done),
            Err(RecvTimeoutError::Disconnected) => return Waited::Died,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        match over.take() {
            Some(how) if late => return how,
            Some(how) => over = Some(how),
            None if stop.load(Ordering::Relaxed) => {
                over = Some(Waited::Interrupted);
                deadline = Some(Instant::now() + grace);
            }
            None if late => {
                over = Some(Waited::Late);
                deadline = Some(Instant::now() + grace);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_waited_for_until_its_time_is_up() {
        let calm = AtomicBool::new(false);
        assert!(matches!(wait_for(|| 1, None, GRACE, &calm), Waited::Done(1)));
        let (hold, held) = channel::<()>();
        let late = wait_for(move || held.recv(), Some(Duration::from_millis(1)), Duration::from_millis(1), &calm);
        assert!(matches!(late, Waited::Late));
        drop(hold);
        let (hold, held) = channel::<()>();
        let stopped = wait_for(move || held.recv(), None, Duration::from_millis(1), &AtomicBool::new(true));
        assert!(matches!(stopped, Waited::Interrupted));
        drop(hold);
    }
}
