//! Ctrl-C, SIGTERM and a terminal that is gone (SIGHUP), for work that has something to clean up: the
//! first asks it to end, the second leaves at once.
//!
//! Only work that looks at [`Interrupts::flag`] may watch, and what it leaves behind when it is left
//! at once must be swept by the next. While nobody watches, a signal ends the process as if it had
//! never been watched. Work may watch inside of work that watches: all of it is told. Start with
//! [`Interrupts::watch`].

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Context, Error, ErrorKind, Result};

/// Who is told. A handler of signals stays for the rest of a process, so there is one, and a thread
/// behind it.
struct Told {
    listening: bool,
    /// Everybody who watches, the first to begin first.
    flags: Vec<Arc<AtomicBool>>,
}

static TOLD: Mutex<Told> = Mutex::new(Told { listening: false, flags: Vec::new() });

fn told() -> MutexGuard<'static, Told> {
    // Nothing in it can be half changed.
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Interrupts {
    flag: Arc<AtomicBool>,
}

impl Interrupts {
    /// Begins to watch.
    pub fn watch() -> Result<Interrupts> {
        let flag = Arc::new(AtomicBool::new(false));
        let mut told = told();
        if !told.listening {
            listen()?;
            told.listening = true;
        }
        told.flags.push(flag.clone());
        Ok(Interrupts { flag })
    }

    /// Set by the first signal.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.flag.clone()
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        told().flags.retain(|flag| !Arc::ptr_eq(flag, &self.flag));
    }
}

/// Sleeps, for work that only waits and has no watch of its own: the signal itself would end it if
/// nobody around it watched, so it ends here once somebody who does was asked to.
///
/// # Errors
/// [`ErrorKind::Interrupted`].
pub fn sleep(time: Duration) -> Result<()> {
    let asked = told().flags.iter().any(|flag| flag.load(Ordering::Relaxed));
    if asked && CLEANING_UP.load(Ordering::Relaxed) == 0 {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted while waiting").hint("run the command again to go on"));
    }
    std::thread::sleep(time);
    Ok(())
}

/// What is said when a signal leaves at once.
type Words = Box<dyn Fn() + Send>;

/// How long they may take.
const LAST_WORDS_MAX: Duration = Duration::from_secs(1);

static LAST_WORDS: Mutex<Vec<(usize, Words)>> = Mutex::new(Vec::new());
static NEXT_WORDS: AtomicUsize = AtomicUsize::new(0);

/// Says something when a signal leaves at once, until it is dropped: what is left, and who finishes it.
#[derive(Debug)]
pub struct LastWords(usize);

impl LastWords {
    /// From now on.
    pub fn are(say: impl Fn() + Send + 'static) -> LastWords {
        let number = NEXT_WORDS.fetch_add(1, Ordering::Relaxed);
        LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner).push((number, Box::new(say)));
        LastWords(number)
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner).retain(|(number, _)| *number != self.0);
    }
}

static CLEANING_UP: AtomicUsize = AtomicUsize::new(0);

/// Lets what is done from now on wait as long as it must: it is what the signal asked for.
#[derive(Debug)]
pub struct CleaningUp(());

impl CleaningUp {
    /// Until it is dropped.
    pub fn begin() -> CleaningUp {
        CLEANING_UP.fetch_add(1, Ordering::Relaxed);
        CleaningUp(())
    }
}

impl Drop for CleaningUp {
    fn drop(&mut self) {
        CLEANING_UP.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether this process was started so that a terminal that goes away does not end it (`nohup`). Where
/// that cannot be told it counts as if it was, and the signal does what it does by itself.
fn outlives_terminals() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & 1 != 0)
}

/// Says them, on a thread of its own: who reads what is told may have stopped reading, and that keeps nobody here.
fn last_words() {
    let (said, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Whoever holds it just now has nothing more to say.
        if let Ok(words) = LAST_WORDS.try_lock() {
            words.iter().for_each(|(_, say)| say());
        }
        // Nobody listens after a second.
        let _ = said.send(());
    });
    let _ = heard.recv_timeout(LAST_WORDS_MAX);
}

fn listen() -> Result<()> {
    let cannot = || "cannot listen for signals".to_owned();
    let runtime = Builder::new_current_thread().enable_all().build().while_doing(cannot)?;
    let inside = runtime.enter();
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt()).while_doing(cannot)?, signal(SignalKind::terminate()).while_doing(cannot)?);
    let mut hangup = if outlives_terminals() { None } else { Some(signal(SignalKind::hangup()).while_doing(cannot)?) };
    drop(inside);
    let listen = async move {
        loop {
            let gone = async {
                match &mut hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = gone => {} }
            let flags = told().flags.clone();
            // What began to watch later does so on behalf of the first, which decides.
            if flags.first().is_none_or(|first| first.load(Ordering::Relaxed)) {
                last_words();
                std::process::exit(i32::from(ErrorKind::Interrupted.exit_code()));
            }
            flags.iter().for_each(|flag| flag.store(true, Ordering::Relaxed));
        }
    };
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(move || runtime.block_on(listen)).while_doing(cannot).map(drop)
}
