//! `wpp simulator`: the loopback WhatsApp of a sandbox home, on its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::app::App;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, HomeKind};
use crate::report::{Event, Report};
use crate::whatsapp::simulator::{Options, Request, Simulator, control};

/// Options of `wpp simulator`.
#[derive(Debug, clap::Args)]
#[command(after_help = REQUESTS)]
pub struct Args {
    /// Loopback address to listen on; port 0 takes any
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Make the home a sandbox if it does not exist yet
    #[arg(long)]
    create: bool,
    /// Go to the background as soon as it listens
    #[arg(long)]
    detach: bool,
    /// What is already in the background: it leaves the terminal's session
    #[arg(long, hide = true, conflicts_with = "detach")]
    detached: bool,
    /// Send one request to the simulator that runs in this home, and end
    #[arg(long, value_name = "JSON", conflicts_with_all = ["listen", "create", "detach"])]
    ask: Option<String>,
    /// End the simulator that runs in this home
    #[arg(long, conflicts_with_all = ["listen", "create", "detach", "ask"])]
    stop: bool,
}

const REQUESTS: &str = "\
Requests of --ask, each a JSON object:
  {\"op\":\"status\"}                                            what it is and what it has seen
  {\"op\":\"phone_scan\",\"code\":TEXT}                          the phone scans a QR code: the `code` of `wpp reauth --format json`
  {\"op\":\"phone_pair_code\",\"code\":\"ABCD-EFGH\"}              its owner types a pair code
  {\"op\":\"phone_send\",\"to\":NUMBER,\"text\":TEXT}              its owner writes a message
  {\"op\":\"phone_inbox\"}                                       what the phone received
  {\"op\":\"phone_unlink\"}                                      its owner logs the session out
  {\"op\":\"peer_send\",\"from\":NUMBER,\"text\":TEXT,\"count\":1}   somebody writes to the account
  {\"op\":\"peer_inbox\",\"peer\":NUMBER}                        what somebody could decrypt
  {\"op\":\"peer_forget\",\"peer\":NUMBER}                       somebody sets up a new phone
  {\"op\":\"group_create\",\"subject\":TEXT,\"members\":[NUMBER]}  a group
  {\"op\":\"keys_low\"}                                          the server asks for new one-time keys
  {\"op\":\"set\",\"knob\":{…}}, {\"op\":\"clear\"}                 a server that refuses, delays or drops; wrong words list all
  {\"op\":\"stream_error\",\"code\":503}, {\"op\":\"close\"}         connections that break";

/// How long `--detach` waits until it listens, and `--stop` until it is gone.
const PATIENCE: Duration = Duration::from_secs(10);

impl Args {
    /// Runs the simulator until SIGTERM or Ctrl-C, or asks the one that runs.
    pub fn run(self, app: &App) -> Result<Report> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("simulator")
            .enable_all()
            .build()
            .while_doing(|| "cannot start the simulator's threads".into())?;
        let home = match (app.home().kind(), self.create) {
            (HomeKind::Sandbox, _) => app.home().clone(),
            (HomeKind::Live, true) => Home::create(app.home().root(), HomeKind::Sandbox)?,
            (HomeKind::Live, false) => {
                return Err(Error::new(ErrorKind::Denied, format!("{} is no sandbox", app.home().root().display()))
                    .hint("give --home a new folder and --create, or the home of a sandbox"));
            }
        };
        if self.stop {
            return stop(&runtime, &home.simulator());
        }
        if self.detach {
            return self.detach(app.program()?, home.root());
        }
        if self.detached {
            // Fails only for a process that leads its group already, which has left the terminal.
            let _ = rustix::process::setsid();
        }
        if let Some(text) = self.ask {
            let request: Request = serde_json::from_str(&text)
                .context(ErrorKind::Usage, || "this is no request to the simulator".into())
                .map_err(|error| error.hint("for example --ask '{\"op\":\"status\"}'"))?;
            let answer = runtime.block_on(control::ask(&home.simulator(), &request))?;
            return Ok(Report::new("simulator", answer.to_string()).data(answer));
        }
        runtime.block_on(async {
            let options = Options { directory: home.simulator(), listen: self.listen };
            // Signals are caught before anybody can know that there is something to stop.
            let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .while_doing(|| "cannot catch SIGTERM".into())?;
            let simulator = Simulator::start(options).await?;
            let endpoint = simulator.endpoint();
            let data = serde_json::to_value(&endpoint).while_doing(|| "cannot encode the endpoint".into())?;
            app.emit(Event::Line { text: format!("listening on {}", endpoint.url), data });
            tokio::select! {
                _ = terminate.recv() => {}
                interrupted = tokio::signal::ctrl_c() => interrupted.while_doing(|| "cannot catch Ctrl-C".into())?,
            }
            let status = simulator.execute(Request::Status).await?;
            simulator.stop().await;
            Ok(Report::new("simulator", "the simulator has stopped").data(json!({ "status": status })))
        })
    }
    /// Starts it as a process of its own, and returns once it listens.
    fn detach(&self, program: &Path, home: &Path) -> Result<Report> {
        let failed = || format!("cannot start {}", program.display());
        let mut child = Command::new(program)
            .arg("--home")
            .arg(home)
            .args(["--format", "json", "simulator", "--detached", "--listen", &self.listen.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .while_doing(failed)?;
        // Its first line says that it listens, or why it does not; either comes soon.
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).while_doing(failed)?;
        }
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(text) = said["text"].as_str() else {
            let kind = said["code"].as_str().and_then(ErrorKind::from_code).unwrap_or(ErrorKind::Unexpected);
            let message = said["message"].as_str().unwrap_or("the simulator ended without a word");
            return Err(Error::new(kind, message.to_owned())
                .hint("run it without --detach to see more; `wpp simulator --stop` ends one that runs"));
        };
        Ok(Report::new("simulator", format!("The simulator is {text} (process {})", child.id()))
            .data(json!({ "pid": child.id(), "endpoint": said["data"] }))
            .next("wpp reauth")
            .next("wpp simulator --stop"))
    }
}

/// Ends the one that answers on the control socket, which names its own process.
fn stop(runtime: &Runtime, directory: &Path) -> Result<Report> {
    let status = runtime.block_on(control::ask(directory, &Request::Status))?;
    let pid = status["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    let Some(pid) = pid else {
        return Err(
            Error::new(ErrorKind::Unexpected, "the simulator does not name its process").hint("end it where it was started")
        );
    };
    rustix::process::kill_process(pid, Signal::TERM)
        .map_err(std::io::Error::from)
        .while_doing(|| format!("cannot end process {}", pid.as_raw_nonzero()))?;
    let deadline = Instant::now() + PATIENCE;
    while runtime.block_on(control::ask(directory, &Request::Status)).is_ok() {
        if Instant::now() > deadline {
            return Err(Error::new(ErrorKind::Locked, format!("process {} does not end", pid.as_raw_nonzero()))
                .hint("look at it with `ps`, and end it with `kill -9`"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(Report::new("simulator", "the simulator has stopped").data(json!({ "status": status })))
}
