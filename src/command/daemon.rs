//! `wpp daemon`.

use serde_json::json;

use crate::app::App;
use crate::clock;
use crate::daemon;
use crate::error::Result;
use crate::home::HomeKind;
use crate::report::{Report, Section};

/// Options of `wpp daemon`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave the terminal's session, so that closing the terminal does not end the daemon
    #[arg(long)]
    pub detached: bool,
    /// End when standard input does, which is when whoever started it ends, however that was
    #[arg(long, hide = true, conflicts_with = "detached")]
    pub leashed: bool,
}

impl Args {
    /// Runs the session's daemon until SIGTERM or SIGINT.
    pub fn run(self, app: &App) -> Result<Report> {
        // Its memory holds keys and messages: a crash must not write them to a file.
        let core = rustix::process::Rlimit { current: Some(0), ..rustix::process::getrlimit(rustix::process::Resource::Core) };
        // Nobody may be refused a lower limit; the doctor looks at what came of it.
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, core);
        if self.detached {
            // Fails only for a process that leads its group already, which has left the terminal.
            let _ = rustix::process::setsid();
        }
        if self.leashed {
            std::thread::spawn(|| {
                // An error says like the end that nobody holds the other side any more.
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
            });
        }
        if app.home().kind() == HomeKind::Sandbox {
            clock::faults::follow(app.home().fault_clock());
        }
        let session = app.session()?;
        let site = super::site(app, &session)?;
        if !self.detached && !self.leashed {
            // Who started it otherwise has looked already.
            site.check_losses()?;
        }
        let ended = daemon::run(app.home(), &session, app.config())?;
        let ran = clock::human(std::time::Duration::from_millis(ended.ran_ms.unsigned_abs()));
        Ok(Report::new("daemon", format!("The daemon of session {} has stopped", session.name()))
            .section(Section::default().field("ran for", ran))
            .data(json!({ "session": session.name(), "ran_ms": ended.ran_ms })))
    }
}
