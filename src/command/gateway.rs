//! What commands have in common where they work on sessions of gateways: how one is named, its site, and
//! the reports of where it stands.
//!
//! Start with [`Named`] and [`standing_report`]. The verbs themselves are in [`crate::gateway`].

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::complete_session;
use crate::app::{App, Settings};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::{self, Done, Gateway, Standing};
use crate::linking::described;
use crate::report::{Report, Section, Sink, Verdict, quoted};
use crate::session::state::{Reason, State};

/// A session as a word of its own, for commands that are about a session and nothing else.
#[derive(Debug, Args)]
pub struct Named {
    /// The same as --session
    #[arg(value_name = "SESSION", add = ArgValueCompleter::new(complete_session))]
    address: Option<String>,
}

impl Named {
    /// The settings with this session.
    pub fn choose(&self, settings: Settings) -> Result<Settings> {
        match (&self.address, &settings.session) {
            (None, _) => Ok(settings),
            (Some(address), Some(session)) if address != session => {
                Err(Error::new(ErrorKind::Usage, format!("two sessions are named: {address} and --session {session}"))
                    .hint("leave one of them out"))
            }
            (Some(address), _) => Ok(Settings { session: Some(address.clone()), ..settings }),
        }
    }
}

/// What a state is worth, and the exit code that says so.
pub fn judged(state: State, reason: Option<Reason>) -> (Verdict, u8) {
    match (state, reason) {
        (State::Ready | State::Syncing | State::Connecting | State::Booting, _) => (Verdict::Pass, 0),
        (State::AuthRequired, _) | (State::Error, Some(Reason::LoggedOut | Reason::MainDeviceGone)) => {
            (Verdict::Fail, ErrorKind::LoginNeeded.exit_code())
        }
        (State::Stopped, _) => (Verdict::Fail, ErrorKind::Unreachable.exit_code()),
        (State::Degraded, Some(Reason::OperatorStopped)) => (Verdict::Pass, 0),
        (State::Reconnecting | State::Degraded | State::Error, _) => (Verdict::Fail, ErrorKind::Failed.exit_code()),
    }
}

/// A session of a gateway and what its verbs need.
pub fn gateway_site<'a>(app: &'a App, gateway: &'a Gateway, session: &'a str, sink: &'a dyn Sink) -> Result<gateway::Site<'a>> {
    Ok(gateway::Site { gateway, session, journal: app.journal()?, sink })
}

/// A flag that means nothing to a gateway.
pub fn refuse_on_gateway(given: bool, flag: &str, why: &str) -> Result<()> {
    if !given {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Usage, format!("{flag} is for sessions of this host: {why}")).hint("leave it out"))
}

/// Where a gateway's session stands, as a report; the verdict and exit code judge the state.
pub fn standing_report(standing: &Standing) -> Report {
    let age = standing.since_ms.map(|since_ms| clock::human(clock::since(clock::from_ms(since_ms), clock::now())));
    let mut section = Section::default().field("the gateway calls it", &standing.told);
    if let Some(age) = &age {
        section = section.field("in this state for", age);
    }
    if let Some(phone) = &standing.phone {
        section = section.field("linked to", phone);
    }
    if let Some(trouble) = &standing.detail {
        section = section.field("last error", trouble);
    }
    let (mut verdict, mut code) = judged(standing.state, standing.reason.known());
    let mut title =
        format!("{}: {}", standing.session, described(standing.state, &standing.reason.name(), standing.detail.as_deref()));
    if standing.stuck {
        title.push_str(", stuck");
        section = section.field("stuck", format!("it ought to be past this after {} s", gateway::STUCK_MS / 1000));
        if verdict == Verdict::Pass {
            (verdict, code) = (Verdict::Fail, ErrorKind::Failed.exit_code());
        }
    }
    let mut report =
        Report::new("status", title).verdict(verdict).section(section).data(serde_json::to_value(standing).unwrap_or_default());
    report.exit_code = Some(code);
    let address = quoted(&standing.session);
    match standing.state {
        _ if verdict == Verdict::Pass => report,
        State::AuthRequired => report.next(format!("wpp reauth {address}")),
        State::Stopped => report.next(format!("wpp start {address}")),
        _ => report.next(format!("wpp doctor --channel {}", standing.channel)),
    }
}

/// How a start or a restart of a gateway's session ended, as a report.
pub fn done_report(done: Done, word: &str) -> Report {
    let mut report = standing_report(&done.standing);
    report.steps = done.steps;
    let took = format!("{} ms", done.took_ms);
    if !done.good {
        report = report.verdict(Verdict::Fail);
        report.title.push_str(&format!(", not {word} within {took}"));
        if report.exit_code() == 0 || done.standing.state != State::AuthRequired {
            report.exit_code = Some(ErrorKind::Failed.exit_code());
        }
        report.next = vec![format!("wpp doctor --channel {}", done.standing.channel)];
    } else {
        // A session that waits for its phone was started all the same.
        report.exit_code = Some(0);
        report.title.push_str(&if done.already { ", had been started".to_owned() } else { format!(", {word} in {took}") });
    }
    report
}
