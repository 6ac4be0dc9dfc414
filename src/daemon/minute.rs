//! Has this program look for what is due, at the daemon's start and with every minute, where
//! `schedule.daemon` asks for it. What runs is a process of its own, `wpp schedule run`: it may restart or
//! restore the very session of this daemon, and each due time is dispatched once whoever else looks.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::clock;
use crate::home::Home;

/// Variables that were meant for the daemon alone.
const OURS: [&str; 4] = ["WPP_SESSION", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// Looks until the daemon ends. A look that still runs is not joined by another: it sees by itself what
/// becomes due.
pub async fn look_every_minute(home: Home, program: PathBuf) {
    let mut looking: Option<Child> = None;
    loop {
        looking = match looking.take().map(|mut child| (child.try_wait(), child)) {
            Some((Ok(None), child)) => Some(child),
            Some((Ok(Some(status)), _)) if !status.success() => {
                tracing::warn!(
                    status = status.to_string(),
                    "a look at the schedule did not end well; `wpp schedule list` tells more"
                );
                None
            }
            Some((Err(error), _)) => {
                tracing::warn!(cause = error.to_string(), "a look at the schedule cannot be waited for");
                None
            }
            Some((Ok(Some(_)), _)) | None => None,
        };
        if looking.is_none() {
            looking = match look(&home, &program) {
                Ok(child) => Some(child),
                Err(error) => {
                    tracing::warn!(cause = error.to_string(), "the schedule cannot be looked at");
                    None
                }
            };
        }
        // A little after the minute, so that what is due with it is.
        let into_minute_ms = u64::try_from(clock::now_ms().rem_euclid(60_000)).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(60_500 - into_minute_ms)).await;
    }
}

fn look(home: &Home, program: &PathBuf) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command.arg("--home").arg(home.root()).args(["schedule", "run", "--quiet"]);
    for name in OURS {
        command.env_remove(name);
    }
    // It goes on when the daemon ends.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()
}
