//! Linking a session of a gateway to a phone.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{PAUSE_FIRST, Site, Standing, journaled, passes, picture};
use crate::confirm::Confirmed;
use crate::daemon::api::{Auth, AuthStage};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt;
use crate::linking::{self, Advice, show};
use crate::plugin::host::words::sessions::{Offer, Way};
use crate::plugin::host::words::types::{Failure, FailureKind};
use crate::report::{Event, quoted};
use crate::session::state::{Reason, State};

/// The longest pause between two looks: a QR code is good for 20 s.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A session that is in ERROR at so many looks in a row while it is linked is not going to be linked.
const ERRORS_MAX: usize = 3;

/// How a session is to be linked.
#[derive(Debug, Clone, Copy)]
pub struct Linking<'a> {
    /// By a code to type on the phone with this number, digits alone; by a QR code when `None`.
    pub phone_number: Option<&'a str>,
    /// Where a picture goes that no code can be read from.
    pub picture: Option<&'a Path>,
    /// How long to wait for the phone.
    pub patience: Duration,
}

impl Site<'_> {
    /// Links the session to a phone, showing each stage as it comes; the gateway starts it if need be.
    ///
    /// Some gateways wipe what they have of an old link with that. `agree` is asked for the operator's
    /// agreement when there may be one, and only for a session that may be linked. Ends when the session is READY. The errors are those of [`crate::lifecycle::Site::link`], and a
    /// picture of a QR code that cannot be read when there is no place to put it.
    pub fn link(&self, how: Linking<'_>, agree: impl FnOnce() -> Result<Confirmed>) -> Result<Standing> {
        let looked = self.gateway.status(self.session);
        let first = match &looked {
            Ok(standing) => {
                self.may_be_linked(standing)?;
                if was_linked(standing) {
                    let _confirmed: Confirmed = agree()?;
                    // The answer may have taken long; the session is looked at again.
                    None
                } else {
                    Some(looked)
                }
            }
            Err(error) if error.kind() == ErrorKind::NoSession => Some(looked),
            Err(_) => return looked,
        };
        let by = if how.phone_number.is_some() { "pairing_code" } else { "qr" };
        journaled(self.journal, Some(&self.address()), "link", &json!({ "by": by }), || self.linked(how, first), |_| true)
    }

    /// Refuses what native sessions refuse, too.
    fn may_be_linked(&self, standing: &Standing) -> Result<()> {
        let address = self.address();
        match (standing.state, standing.reason.known()) {
            (State::Ready | State::Syncing, _) => {
                let error =
                    Error::new(ErrorKind::Denied, format!("session {address} is {} and needs no linking", standing.state.name()));
                Err(error.hint(format!(
                    "to link another phone, unlink this one first: `wpp reauth {} --logout` does",
                    quoted(&address)
                )))
            }
            (State::Error, Some(reason @ (Reason::TemporaryBan | Reason::ClientOutdated))) => {
                let error = Error::new(
                    ErrorKind::Denied,
                    format!("session {address} is in ERROR for {}, which linking does not mend", reason.name()),
                );
                Err(error.hint(format!("`wpp doctor --channel {}` says what does", self.gateway.name())))
            }
            _ => Ok(()),
        }
    }

    fn advice(&self) -> Advice {
        Advice {
            again: format!("wpp reauth {}", quoted(&self.address())),
            look: format!("wpp doctor --channel {}", self.gateway.name()),
        }
    }

    /// Links it; `first` is a look at the session that was just taken.
    fn linked(&self, how: Linking<'_>, mut first: Option<Result<Standing>>) -> Result<Standing> {
        let deadline = Instant::now() + how.patience;
        let way = how.phone_number.map_or(Way::Qr, |number| Way::PairingCode(number.to_owned()));
        let mut pause = PAUSE_FIRST;
        let mut auth = Auth { stage: AuthStage::Idle, qr_code: None, qr_expires_ms: None, pair_code: None, detail: None };
        let (mut attempt, mut errors, mut calls) = (0, 0, None);
        let mut offered = None;
        loop {
            let before = auth.clone();
            let looked = first.take().unwrap_or_else(|| self.gateway.status(self.session));
            let asks = match &looked {
                Ok(standing) => {
                    calls = Some(standing.told.clone());
                    errors = if standing.state == State::Error { errors + 1 } else { 0 };
                    if standing.state == State::Ready {
                        show(self.sink, Some(&before), &Auth { stage: AuthStage::Open, ..auth }, false);
                        return Ok(standing.clone());
                    }
                    match accepted(standing) {
                        Some(stage) => {
                            auth = Auth { stage, qr_code: None, ..auth };
                            false
                        }
                        // A second request would make the code void.
                        None => auth.pair_code.is_none(),
                    }
                }
                // A session that does not exist yet is made by the first request.
                Err(error) if error.kind() == ErrorKind::NoSession && attempt == 0 => true,
                Err(error) if passes(error) => false,
                Err(_) => return looked,
            };
            if errors >= ERRORS_MAX && attempt > 0 {
                let detail = looked?.detail.or(calls);
                return Err(linking::failed(&self.address(), &Auth { detail, ..auth }, &self.advice()));
            }
            if asks {
                match self.gateway.ask(async |plugin, powers| plugin.link(powers, self.session, &way, attempt).await)? {
                    Ok(offer) => {
                        attempt += 1;
                        if offered.as_ref() != Some(&offer_key(&offer)) {
                            offered = Some(offer_key(&offer));
                            auth = self.taken(auth, offer, how)?;
                        }
                    }
                    Err(failure) if attempt > 0 && may_pass(&failure) => {}
                    Err(failure) => return Err(self.error(failure)),
                }
            }
            if auth != before {
                show(self.sink, Some(&before), &auth, how.phone_number.is_some());
            }
            if Instant::now() >= deadline {
                let mut error = linking::timed_out(&self.address(), &auth, how.patience, &self.advice());
                if auth.stage == AuthStage::Accepted {
                    error = error.hint(format!("or see whether it opens after `wpp restart {}`", quoted(&self.address())));
                }
                return Err(match calls {
                    Some(told) => error.note(format!("the gateway calls the session {told:?}")),
                    None => error,
                });
            }
            interrupt::sleep(pause.min(deadline.saturating_duration_since(Instant::now())))?;
            pause = (pause * 3 / 2).min(PAUSE_MAX);
        }
    }

    /// How far linking has come with an offer.
    fn taken(&self, auth: Auth, offer: Offer, how: Linking<'_>) -> Result<Auth> {
        let stage = |stage| Auth { stage, qr_code: None, detail: None, ..auth.clone() };
        Ok(match offer {
            Offer::QrText(code) => Auth { qr_code: Some(code), ..stage(AuthStage::Qr) },
            Offer::QrImage(address) => match self.read(&address, how.picture)? {
                Some(code) => Auth { qr_code: Some(code), ..stage(AuthStage::Qr) },
                None => stage(AuthStage::Qr),
            },
            Offer::PairingCode(code) => Auth { pair_code: Some(code), ..stage(AuthStage::PairCode) },
            Offer::Pending(why) => Auth { detail: (!why.is_empty()).then_some(why), ..stage(AuthStage::Requesting) },
            Offer::Linked => stage(AuthStage::Accepted),
        })
    }

    /// What the code in a picture holds; `None` when it cannot be read and was written to a file instead.
    fn read(&self, address: &str, file: Option<&Path>) -> Result<Option<String>> {
        let name = self.gateway.name();
        let unreadable = |why: String| {
            Error::new(ErrorKind::Unknown, format!("the picture that {name} gives of its QR code cannot be read: {why}"))
                .hint("scan it where the gateway itself shows it")
        };
        let png = picture::png(address).map_err(unreadable)?;
        match (picture::text(&png), file) {
            (Ok(code), _) => Ok(Some(code)),
            (Err(why), Some(file)) => {
                disk::write_atomic(file, &png)?;
                let text = format!("wrote {}, the picture that {name} gives, as it is: {why}; scan it there", file.display());
                self.sink.emit(Event::Line { text, data: serde_json::Value::Null });
                Ok(None)
            }
            (Err(why), None) => Err(unreadable(why)
                .hint(format!("or have the picture written to a file: `wpp reauth {} --png FILE`", quoted(&self.address())))),
        }
    }
}

/// Whether there is an old link to be lost.
fn was_linked(standing: &Standing) -> bool {
    standing.phone.is_some() || matches!(standing.reason.known(), Some(Reason::LoggedOut | Reason::MainDeviceGone))
}

/// Whether the session shows that the phone has taken the link, or asks for more.
fn accepted(standing: &Standing) -> Option<AuthStage> {
    match (standing.state, standing.reason.known()) {
        (_, Some(Reason::PasskeyRequired)) => Some(AuthStage::PasskeyRequired),
        (_, Some(Reason::AcceptedNotOpened)) | (State::Connecting, Some(Reason::Pairing)) | (State::Syncing, _) => {
            Some(AuthStage::Accepted)
        }
        _ => None,
    }
}

fn may_pass(failure: &Failure) -> bool {
    use FailureKind::{Conflict, Failed, InvalidAnswer, RateLimited, Unreachable};
    matches!(failure.kind, Conflict | Failed | InvalidAnswer | RateLimited | Unreachable)
}

/// Tells an offer from the one before it.
fn offer_key(offer: &Offer) -> String {
    format!("{offer:?}")
}
