//! `wpp reauth`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::gateway::{Named, gateway_site, standing_report};
use super::{site_with_sink, state_report};
use crate::app::App;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::{Gateway, Linking};
use crate::lifecycle::drain_patience;
use crate::report::{Event, Report, Sink, Verdict};
use crate::session::receiver;
use crate::session::state::State;

/// Options of `wpp reauth`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Starts the daemon if none runs; a gateway, its session. The picture of a QR code that a gateway shows is read \
and drawn anew.\n\n\
Examples:\n  \
  wpp reauth                             a QR code in the terminal\n  \
  wpp reauth --png code.png              and in a file, which is renewed with each code\n  \
  wpp reauth --pair-code '+31 6 12345678'  a code to type on that phone\n  \
  wpp reauth openwa:sales                the session sales of the gateway openwa"
)]
pub struct Args {
    #[command(flatten)]
    pub(super) named: Named,
    /// Also write each QR code to this PNG file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with = "pair_code")]
    png: Option<PathBuf>,
    /// Ask for a code to type on this phone instead of a QR code; international form
    #[arg(long, value_name = "NUMBER", value_parser = phone_number)]
    pair_code: Option<String>,
    /// How long to wait for the phone, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Have the gateway unlink its session first, which may delete the session's keys there
    #[arg(long)]
    logout: bool,
    /// Agree in advance to what a gateway throws away
    #[arg(long, short)]
    yes: bool,
}

fn phone_number(text: &str) -> std::result::Result<String, String> {
    receiver::phone_number(text).map_err(|reason| format!("{reason}; write it in international form, for example +49 30 901820"))
}

/// Writes QR codes to a file on their way to the terminal.
struct PngSink {
    path: PathBuf,
    next: Arc<dyn Sink>,
}

impl Sink for PngSink {
    fn emit(&self, event: Event) {
        if let Event::QrCode { code, .. } = &event {
            let written = crate::ui::qr::png(code).and_then(|bytes| crate::disk::write_atomic(&self.path, &bytes));
            let text = match &written {
                Ok(()) => format!("wrote {}", self.path.display()),
                // The code is also on the terminal, so linking goes on; the operator must know.
                Err(error) => format!("warning: {}", error.chain()),
            };
            self.next.emit(Event::Line { text, data: serde_json::Value::Null });
        }
        self.next.emit(event);
    }
}

/// Counts QR codes on their way to the terminal.
struct CountingSink {
    codes: AtomicU64,
    next: Arc<dyn Sink>,
}

impl Sink for CountingSink {
    fn emit(&self, event: Event) {
        if matches!(event, Event::QrCode { .. }) {
            self.codes.fetch_add(1, Ordering::Relaxed);
        }
        self.next.emit(event);
    }
}

impl Args {
    /// Links the session to a phone.
    pub fn run(self, app: &App) -> Result<Report> {
        let counting = Arc::new(CountingSink { codes: AtomicU64::new(0), next: self.shown(app)? });
        let mut report = self.linked(app, &*counting)?;
        report.data["codes_seen"] = counting.codes.load(Ordering::Relaxed).into();
        Ok(report)
    }

    /// Where events go.
    fn shown(&self, app: &App) -> Result<Arc<dyn Sink>> {
        Ok(match &self.png {
            Some(path) => {
                if path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
                    return Err(Error::new(ErrorKind::Usage, format!("the folder of {} does not exist", path.display()))
                        .hint("make it, or name another file"));
                }
                Arc::new(PngSink { path: path.clone(), next: app.sink().clone() })
            }
            None => app.sink().clone(),
        })
    }

    fn linked(self, app: &App, sink: &dyn Sink) -> Result<Report> {
        if let Some((gateway, session)) = app.gateway_session()? {
            return self.on_gateway(app, &gateway, session, sink);
        }
        let session = app.session()?;
        if self.logout {
            return Err(
                Error::new(ErrorKind::Usage, "--logout is for sessions of gateways").hint("unlink this device on the phone")
            );
        }
        let status = site_with_sink(app, &session, sink)?.link(self.pair_code.as_deref(), Duration::from_secs(self.timeout))?;
        let report = state_report(&status);
        Ok(match status.state {
            State::Ready | State::Syncing => report,
            _ => report.verdict(Verdict::Fail).next(format!("wpp doctor --session {}", session.name())),
        })
    }

    fn on_gateway(self, app: &App, gateway: &Gateway, session: &str, sink: &dyn Sink) -> Result<Report> {
        let site = gateway_site(app, gateway, session, sink)?;
        let address = site.address();
        let mut agreed = None;
        if self.logout {
            let question = format!(
                "Unlink {address} from its phone? The gateway may delete the session's keys; only its phone can link it again."
            );
            let confirmed = app.confirm(self.yes, &question)?;
            site.logout(drain_patience(app.config()), &confirmed)?;
            agreed = Some(confirmed);
        }
        let how = Linking {
            phone_number: self.pair_code.as_deref(),
            picture: self.png.as_deref(),
            patience: Duration::from_secs(self.timeout),
        };
        let standing = site.link(how, || match agreed {
            Some(confirmed) => Ok(confirmed),
            None => {
                let question =
                    format!("Link {address} anew? It was linked before, and the gateway may delete what it has of the old link.");
                app.confirm(self.yes, &question)
            }
        })?;
        Ok(standing_report(&standing))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn phone_numbers_are_international() {
        assert_eq!(super::phone_number("+49 (30) 901-820").unwrap(), "4930901820");
        for bad in ["", "030901820", "12", "+49x30", "1234567890123456"] {
            assert!(super::phone_number(bad).is_err(), "{bad}");
        }
    }
}
