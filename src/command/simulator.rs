//! `wpp simulator`, hidden: the loopback WhatsApp of a sandbox home, on its own.

use std::net::SocketAddr;

use serde_json::json;

use crate::app::App;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, HomeKind};
use crate::report::{Event, Report};
use crate::whatsapp::simulator::{Options, Request, Simulator, control};

/// Options of `wpp simulator`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Requests of --ask: {\"op\":\"status\"}, {\"op\":\"phone_scan\",\"code\":TEXT OF THE QR CODE}, \
                        {\"op\":\"peer_send\",\"from\":NUMBER,\"text\":TEXT}, {\"op\":\"peer_inbox\",\"peer\":NUMBER}, \
                        {\"op\":\"phone_unlink\"}. A wrong op is answered with the names of all. `wpp reauth --format json` \
                        prints the QR code's text as `code`.")]
pub struct Args {
    /// Loopback address to listen on; port 0 takes any
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Make the home a sandbox if it does not exist yet
    #[arg(long)]
    create: bool,
    /// Send one request to the simulator that runs in this home, and end
    #[arg(long, value_name = "JSON", conflicts_with_all = ["listen", "create"])]
    ask: Option<String>,
}

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
}
