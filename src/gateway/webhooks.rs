//! A gateway's webhooks.

use serde::Serialize;
use serde_json::json;

use super::{Answer, Gateway, journaled};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Journal;
use crate::plugin::adapt;
use crate::plugin::host::Interface;
use crate::plugin::host::words::webhooks::Delivery;

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// What the gateway calls it.
    pub id: String,
    /// The session that it is for, by the name that operators know where the gateway has one.
    pub session: Option<String>,
    /// Where it sends to, without what may be a password: a user's name and the query.
    pub url: String,
    /// What it sends.
    pub events: Vec<String>,
    /// Whether it sends at all.
    pub enabled: bool,
}

impl Gateway {
    fn has_webhooks(&self) -> Result<()> {
        self.needs(Interface::Webhooks, "has no webhooks")
    }

    /// All of them.
    pub fn webhooks(&self) -> Result<Vec<Webhook>> {
        self.has_webhooks()?;
        let webhooks = self.told(async |plugin, powers| plugin.webhooks(powers).await)?;
        // A gateway may know its sessions by ids that nobody else knows.
        let sessions = if webhooks.iter().any(|webhook| webhook.session.is_some()) { self.sessions()? } else { Vec::new() };
        let named = |id: String| {
            let known = sessions.iter().find(|standing| standing.id == id);
            known.and_then(|standing| standing.session.split_once(':')).map_or(id, |(_, name)| name.to_owned())
        };
        Ok(webhooks
            .into_iter()
            .map(|webhook| Webhook {
                id: webhook.id,
                session: webhook.session.map(named),
                url: shown(&webhook.url),
                events: webhook.events,
                enabled: webhook.enabled,
            })
            .collect())
    }

    /// What was not delivered.
    pub fn webhook_failures(&self) -> Result<Vec<Delivery>> {
        self.has_webhooks()?;
        self.told(async |plugin, powers| plugin.webhook_failures(powers).await)
    }

    /// Has a test event sent; what its receiver answered.
    pub fn test_webhook(&self, journal: &Journal, id: &str) -> Result<String> {
        self.on_webhook(journal, "webhook-test", id, || self.ask(async |plugin, powers| plugin.webhook_test(powers, id).await))
    }

    /// Delivers a failed event again.
    pub fn retry_webhook(&self, journal: &Journal, delivery: &str) -> Result<()> {
        self.on_webhook(journal, "webhook-retry", delivery, || {
            self.ask(async |plugin, powers| plugin.webhook_retry(powers, delivery).await)
        })
    }

    /// Turns a webhook on or off, and looks whether it is.
    pub fn turn_webhook(&self, journal: &Journal, id: &str, on: bool) -> Result<Webhook> {
        let verb = if on { "webhook-enable" } else { "webhook-disable" };
        self.on_webhook(journal, verb, id, || {
            self.ask(async |plugin, powers| match on {
                true => plugin.webhook_enable(powers, id).await,
                false => plugin.webhook_disable(powers, id).await,
            })
        })?;
        let now = self.webhooks()?.into_iter().find(|webhook| webhook.id == id);
        now.filter(|webhook| webhook.enabled == on).ok_or_else(|| {
            Error::new(ErrorKind::Failed, format!("{} said yes, and the webhook {id} is as it was", self.name()))
                .hint(format!("`wpp webhook list {}` shows it; `wpp doctor --channel {0}` looks closer", self.name()))
        })
    }

    fn on_webhook<T>(&self, journal: &Journal, verb: &str, id: &str, act: impl FnOnce() -> Result<Answer<T>>) -> Result<T> {
        self.has_webhooks()?;
        let data = json!({ "channel": self.name(), "id": id });
        let answer = journaled(journal, None, verb, &data, act, Answer::is_ok)?;
        answer.map_err(|failure| adapt::error(self.name(), failure))
    }
}

/// An address without a user's name and a query.
fn shown(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else { return "(no address)".into() };
    // These fail for addresses that can have neither, and that have neither then.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    if parsed.query().is_some() {
        parsed.set_query(Some("…"));
    }
    parsed.set_fragment(None);
    // The mark for what is left out is shown as it is.
    parsed.as_str().replace("?%E2%80%A6", "?…")
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_may_be_a_password_in_an_address_is_not_shown() {
        assert_eq!(super::shown("https://crm.example/hook"), "https://crm.example/hook");
        assert_eq!(super::shown("https://me:pass@crm.example/hook?token=t#x"), "https://crm.example/hook?…");
        assert_eq!(super::shown("crm"), "(no address)");
    }
}
