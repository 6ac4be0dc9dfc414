//! `wpp webhook`: what gateways send to others when something happens.

use serde_json::{Value, json};

use crate::app::App;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::{Gateway, Webhook};
use crate::report::{Report, Section, Table, count};
use crate::session::Address;

/// Options of `wpp webhook`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Show the webhooks of a gateway
    List {
        /// The gateway, or CHANNEL:SESSION for those of one session
        #[arg(value_name = "CHANNEL")]
        channel: String,
    },
    /// Have a test event sent, and say what its receiver answered
    Test(One),
    /// Show events that could not be delivered
    Failures {
        /// The gateway
        #[arg(value_name = "CHANNEL")]
        channel: String,
    },
    /// Turn a webhook on
    Enable(One),
    /// Turn a webhook off
    Disable(One),
    /// Deliver a failed event again
    Retry {
        /// The gateway
        #[arg(value_name = "CHANNEL")]
        channel: String,
        /// The delivery's id, as `wpp webhook failures` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct One {
    /// The gateway
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// The webhook's id, as `wpp webhook list` shows it
    #[arg(value_name = "ID")]
    id: String,
}

impl Args {
    /// Runs the verb.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.verb {
            Verb::List { channel } => {
                let (gateway, session) = gateway(app, &channel)?;
                list(&gateway, session.as_deref())
            }
            Verb::Failures { channel } => failures(&gateway(app, &channel)?.0),
            Verb::Test(One { channel, id }) => {
                let gateway = gateway(app, &channel)?.0;
                let said = gateway.test_webhook(app.journal()?, &id)?;
                Ok(done(&gateway, "test", &id, format!("{id}: {said}"), json!({ "said": said })))
            }
            Verb::Enable(one) => turn(app, &one, true),
            Verb::Disable(one) => turn(app, &one, false),
            Verb::Retry { channel, id } => {
                let gateway = gateway(app, &channel)?.0;
                gateway.retry_webhook(app.journal()?, &id)?;
                Ok(done(&gateway, "retry", &id, format!("{id}: {} delivers it again", gateway.name()), json!({})))
            }
        }
    }
}

/// The gateway that is named, by `openwa`, `openwa:` or `openwa:sales`.
fn gateway(app: &App, text: &str) -> Result<(Gateway, Option<String>)> {
    match text.parse()? {
        Address::Gateway { channel, session } => Ok((Gateway::open(&app.plugins()?, &channel)?, session)),
        Address::Own(name) => match Gateway::open(&app.plugins()?, &name) {
            Err(error) if app.home().session(&name).exists() => {
                Err(Error::new(ErrorKind::Usage, format!("{name} is a session of this host, and these have no webhooks"))
                    .hint("`wpp events --follow` tells what happens in it, as it happens")
                    .note(error.message()))
            }
            opened => Ok((opened?, None)),
        },
    }
}

fn list(gateway: &Gateway, session: Option<&str>) -> Result<Report> {
    let mut webhooks = gateway.webhooks()?;
    webhooks.retain(|webhook| session.is_none_or(|session| webhook.session.as_deref() == Some(session)));
    let rows = webhooks.iter().map(|webhook| {
        let state = if webhook.enabled { "on" } else { "off" };
        let session = webhook.session.clone().unwrap_or_default();
        vec![webhook.id.clone(), state.to_owned(), session, webhook.url.clone(), webhook.events.join(", ")]
    });
    let table = Table::new(["id", "", "session", "sends to", "events"], rows);
    let title = format!("{}: {}", gateway.name(), count(webhooks.len(), "webhook", "webhooks"));
    let data = json!({ "channel": gateway.name(), "webhooks": webhooks });
    Ok(shown(Report::answer("webhooks", title).data(data), table))
}

fn failures(gateway: &Gateway) -> Result<Report> {
    let failures = gateway.webhook_failures()?;
    let at_ms = |at_ms: Option<u64>| at_ms.and_then(|at_ms| i64::try_from(at_ms).ok());
    let rows = failures.iter().map(|failure| {
        let at = at_ms(failure.at_ms).map(|at_ms| clock::rfc3339(clock::from_ms(at_ms))).unwrap_or_default();
        let tries = failure.tries.to_string();
        vec![at, failure.id.clone(), failure.webhook.clone(), failure.event.clone(), tries, failure.trouble.clone()]
    });
    let columns = ["at", "id", "webhook", "event", "tries", "why"];
    let table = Table::new(columns, rows);
    let data: Vec<Value> = failures
        .iter()
        .map(|failure| {
            json!({
                "id": failure.id, "webhook": failure.webhook, "event": failure.event, "at_ms": at_ms(failure.at_ms),
                "tries": failure.tries, "trouble": failure.trouble,
            })
        })
        .collect();
    let title = format!("{}: {} not delivered", gateway.name(), count(failures.len(), "event", "events"));
    let report = Report::answer("webhook-failures", title).data(json!({ "channel": gateway.name(), "failures": data }));
    Ok(shown(report, table))
}

fn shown(report: Report, table: Table) -> Report {
    match table.rows.is_empty() {
        true => report,
        false => report.section(Section::default().table(table)),
    }
}

fn turn(app: &App, one: &One, on: bool) -> Result<Report> {
    let gateway = gateway(app, &one.channel)?.0;
    let webhook: Webhook = gateway.turn_webhook(app.journal()?, &one.id, on)?;
    let (act, word) = if on { ("enable", "on") } else { ("disable", "off") };
    let title = format!("{}: {word}, to {}", webhook.id, webhook.url);
    Ok(done(&gateway, act, &one.id, title, json!({ "enabled": webhook.enabled })))
}

fn done(gateway: &Gateway, act: &str, id: &str, title: String, more: Value) -> Report {
    let mut data = json!({ "channel": gateway.name(), "act": act, "id": id });
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    Report::new("webhook", title).data(data)
}
