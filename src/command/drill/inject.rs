//! `wpp drill inject` and `wpp drill recovery`.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use serde_json::json;

use crate::app::App;
use crate::clock;
use crate::drill::fault::{Act, Dose, FAULTS, Fault};
use crate::drill::inject::Place;
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Event, Metric, Report, Section, Table};

/// Options of `wpp drill inject`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "In sandbox homes only; in a live home it is refused with exit code 15. What the server is told to do wrong it \
does to every session of the sandbox; `logged-out` is of one session alone.\n\n\
Examples:\n  \
  wpp drill inject kill-daemon            the daemon dies\n  \
  wpp drill inject lock-held --for 5      another process holds the lock for 5 s\n  \
  wpp drill inject unavailable --times 3  the next three logins are answered with 503\n  \
  wpp drill inject silent --release       the server speaks again"
)]
pub struct Inject {
    /// Which fault
    #[arg(value_name = "FAULT", value_parser = PossibleValuesParser::new(FAULTS.iter().map(|fault| fault.id)), hide_possible_values = true, required_unless_present = "list")]
    fault: Option<String>,
    /// List the faults, and what an operator sees of each
    #[arg(long, conflicts_with_all = ["fault", "release", "hold_s", "by_s", "times", "delay_ms"])]
    list: bool,
    /// Take back what lasts until it is taken back
    #[arg(long, conflicts_with_all = ["hold_s", "by_s", "times", "delay_ms"])]
    release: bool,
    /// How long what another process holds is held, in seconds
    #[arg(long = "for", value_name = "SECONDS", default_value_t = Dose::default().hold_s, value_parser = clap::value_parser!(u64).range(1..=3600))]
    hold_s: u64,
    /// clock-jump: how many seconds the clock jumps; back when negative
    #[arg(long = "by", value_name = "SECONDS", default_value_t = Dose::default().by_s, allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-315_360_000..=315_360_000))]
    by_s: i64,
    /// Faults of the server: how often; until it is taken back by default
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    times: Option<u32>,
    /// slow-network: how late each stanza is
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Dose::default().delay_ms, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    delay_ms: u64,
    /// What is already the process behind a fault
    #[arg(long, hide = true, conflicts_with = "release")]
    helper: bool,
}

/// Options of `wpp drill recovery`.
#[derive(Debug, clap::Args)]
pub struct Recovery {
    /// How long to wait for READY
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Inject {
    /// Breaks something, or takes it back.
    pub fn run(self, app: &App) -> Result<Report> {
        let Some(id) = &self.fault else { return Ok(list()) };
        let fault = Fault::named(id).ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("there is no fault {id}")).hint("`wpp drill inject --list` lists them")
        })?;
        // Before the session is looked for: a live home is told so whatever it holds.
        crate::drill::inject::require_sandbox(app.home())?;
        let session = app.existing_session()?;
        let place = Place::new(app.home(), &session, app.journal()?)?;
        let dose = Dose { hold_s: self.hold_s, by_s: self.by_s, times: self.times, delay_ms: self.delay_ms };
        let data = |done: &str, injected_ms: Option<i64>, pid: Option<u32>, really: Option<bool>| json!({ "fault": fault.id, "session": session.name(), "injected_ms": injected_ms, "pid": pid, "done": done, "really": really });
        if self.release {
            let done = place.release(fault)?;
            return Ok(Report::new("drill-inject", format!("{}: {done}", session.name())).data(data(&done, None, None, None)));
        }
        if let (true, Act::Hold(held)) = (self.helper, &fault.act) {
            let _ = rustix::process::setsid();
            let begun = || app.emit(Event::Line { text: "holds".into(), data: serde_json::Value::Null });
            place.hold(*held, fault, &dose, begun)?;
            return Ok(Report::new("drill-inject", "let go").data(data("let go", None, None, None)));
        }
        let injected = place.inject(fault, &dose, app.program()?)?;
        let report = Report::new("drill-inject", format!("{}: {}", session.name(), injected.done))
            .section(Section::default().field("fault", fault.what).field("what is to be seen", fault.seen))
            .data(data(&injected.done, Some(injected.injected_ms), injected.pid, injected.really));
        Ok(if fault.lasts() { report.next(format!("wpp drill inject {} --release", fault.id)) } else { report }
            .next("wpp doctor"))
    }
}

impl Recovery {
    /// Waits for READY, and says how long it took.
    pub fn run(self, app: &App) -> Result<Report> {
        crate::drill::inject::require_sandbox(app.home())?;
        let session = app.existing_session()?;
        let place = Place::new(app.home(), &session, app.journal()?)?;
        let recovery = place.recovery(Duration::from_secs(self.timeout))?;
        let took = clock::human(Duration::from_millis(recovery.recovery_ms.unsigned_abs()));
        let how = if recovery.was_down { "READY again" } else { "READY throughout; looked at" };
        let mut report = Report::new("drill-recovery", format!("{}: {how} {took} after {}", session.name(), recovery.fault))
            .data(json!({
                "fault": recovery.fault,
                "session": session.name(),
                "recovery_ms": recovery.recovery_ms,
                "was_down": recovery.was_down,
            }));
        report.metrics.push(Metric { name: "recovery_ms".into(), value: recovery.recovery_ms as f64 });
        Ok(report)
    }
}

fn list() -> Report {
    let rows = FAULTS.iter().map(|fault| [fault.id, fault.what, fault.seen].map(str::to_owned).to_vec());
    let table = Table::new(["fault", "what it does", "what is seen"], rows);
    let faults: Vec<_> = FAULTS
        .iter()
        .map(|fault| json!({ "fault": fault.id, "does": fault.what, "seen": fault.seen, "lasts": fault.lasts(), "breaks": fault.breaks() }))
        .collect();
    Report::answer("drill-faults", "Faults for sandboxes")
        .section(Section::default().table(table))
        .data(json!({ "faults": faults }))
}
