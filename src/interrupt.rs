//! Ctrl-C and SIGTERM for work that has something to clean up: the first asks it to end, the second
//! leaves at once.
//!
//! Only work that looks at [`Interrupts::flag`] may watch, and what it leaves behind when it is left
//! at once must be swept by the next. While nobody watches, a signal ends the process as if it had
//! never been watched. Work may watch inside of work that watches: all of it is told. Start with
//! [`Interrupts::watch`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Context, ErrorKind, Result};

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

fn listen() -> Result<()> {
    let cannot = || "cannot listen for signals".to_owned();
    let runtime = Builder::new_current_thread().enable_all().build().while_doing(cannot)?;
    let inside = runtime.enter();
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt()).while_doing(cannot)?, signal(SignalKind::terminate()).while_doing(cannot)?);
    drop(inside);
    let listen = async move {
        loop {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            let flags = told().flags.clone();
            // What began to watch later does so on behalf of the first, which decides.
            if flags.first().is_none_or(|first| first.load(Ordering::Relaxed)) {
                std::process::exit(i32::from(ErrorKind::Interrupted.exit_code()));
            }
            flags.iter().for_each(|flag| flag.store(true, Ordering::Relaxed));
        }
    };
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(move || runtime.block_on(listen)).while_doing(cannot).map(drop)
}
