//! whatsapp-connector: a service that keeps many accounts and has its state in Firestore.
//!
//! Settings: `url`; `timeout_ms`; `versions`. Secrets: `connector-token`, a Firebase ID token of an
//! employee (of the super admin to make QR codes anew); such a token lives for an hour, so let a
//! command or a timer renew it. Grants: the server's origin, and the secret.
//!
//! `/health` needs no token and says everything there is to see; its `ok` is true as long as the
//! service answers, whatever its accounts do, and `healthy` is false when one of its thresholds is
//! passed. The QR codes are in Firestore alone. The service starts and stops accounts by itself, by
//! what Firestore wants of them.

mod checks;
mod health;

use wpp_plugin_sdk::gateway::{
    Channel, Condition, Delivery, Description, Kind, Message, Offer, Receipt, Session, Sessions, State, Way, Webhook, Webhooks,
    Wellness,
};
use wpp_plugin_sdk::{
    Api, Failure, FailureKind, TIMEOUT_MS, Value, config, digits, failure, json, needs, needs_secret, segment, takes, unsupported,
};

use health::{Account, Health};

struct Connector;

fn with_token() -> Result<Api, Failure> {
    Ok(Api::configured()?.header("authorization", "Bearer {{secret:connector-token}}"))
}

/// The versions that the operator has said are fine; nobody has recorded one.
fn versions() -> Vec<String> {
    let told = config::get("versions").unwrap_or_default();
    told.split([',', ' ']).filter(|version| !version.is_empty()).map(str::to_owned).collect()
}

impl Channel for Connector {
    fn describe() -> Description {
        Description {
            title: "whatsapp-connector".into(),
            kind: Kind::Gateway,
            settings: vec![
                needs("url", "Where the service is, such as https://connector.example"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
                takes("versions", "Versions that you know, with commas between them; any other is a finding", ""),
            ],
            secrets: vec![needs_secret("connector-token", "A Firebase ID token of an employee; it lives for an hour")],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let health = Health::seen(&Api::configured()?)?;
        let connected = health.accounts.iter().filter(|account| account.status == "connected" && !account.degraded).count();
        let all = health.accounts.len();
        let summary = format!("{connected} of {all} accounts are connected; healthy is {}", health.healthy);
        let condition = if health.healthy && connected == all && all > 0 { Condition::Ok } else { Condition::Degraded };
        let known = versions();
        let version_known = health.version.as_ref().is_none_or(|version| known.is_empty() || known.contains(version));
        let evidence = vec![health.answer.evidence("healthy true, every account connected")];
        Ok(Wellness { condition, summary, version: health.version, version_known, evidence })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let account = match message.session {
            Some(account) if !account.is_empty() => account,
            _ => match Health::seen(&Api::configured()?)?.accounts.as_slice() {
                [one] => one.id.clone(),
                all => {
                    let what = format!("the connector has {} accounts", all.len());
                    return Err(failure(FailureKind::Misconfigured, what, "say which one sends"));
                }
            },
        };
        let chat = match digits(&message.to) {
            Some(number) => format!("{number}@s.whatsapp.net"),
            None if message.to.ends_with("@g.us") || message.to.ends_with("@lid") => message.to.clone(),
            None => {
                let what = format!("{:?} is no recipient on WhatsApp", message.to);
                return Err(failure(FailureKind::NotFound, what, "give a number with its country code, or a JID"));
            }
        };
        let text = match &message.title {
            Some(title) => format!("*{title}*\n{}", message.text),
            None => message.text.clone(),
        };
        let request = json!({
            "threadId": format!("{account}_{chat}"),
            "accountId": account,
            "chatId": chat,
            "to": chat,
            "text": text,
            "clientMessageId": message.key,
        });
        let answer = with_token()?.post("/api/send", Some(&request))?;
        let body = answer.done().map_err(|why| match answer.words().as_deref() {
            Some("not_thread_writer") => Failure {
                message: format!("{}: another one owns the thread with {chat}", why.message),
                hint: "let its owner add this writer, or let the super admin transfer the thread".into(),
                ..why
            },
            Some("thread_locked") => {
                Failure { kind: FailureKind::Conflict, hint: "let the thread's owner unlock it".into(), ..why }
            }
            Some("unauthorized") => {
                Failure { hint: "give a fresh Firebase ID token as the secret connector-token".into(), ..why }
            }
            _ => why,
        })?;
        match body["commandId"].as_str() {
            // It waits in the outbox then.
            Some(id) => Ok(Receipt { id: Some(id.into()), url: None, queued: true }),
            None => Err(answer.strange("no commandId")),
        }
    }
}

fn session(account: &Account) -> Session {
    let (state, reason) = match account.status.as_str() {
        "connected" if account.heartbeat_late => (State::Degraded, "keepalive_timeout"),
        "connected" if account.degraded => (State::Degraded, "normal"),
        "connected" => (State::Ready, "normal"),
        "connecting" => (State::Connecting, "normal"),
        "reconnecting" => (State::Reconnecting, "connection_lost"),
        "qr_ready" => (State::AuthRequired, "pairing"),
        "needs_qr" => (State::AuthRequired, "logged_out"),
        "disconnected" => (State::Stopped, "connection_lost"),
        "error" => (State::Error, "connect_failure"),
        _ => (State::Degraded, "normal"),
    };
    let trouble = match account.heartbeat_age_sec {
        Some(seconds) if account.heartbeat_late => Some(format!("its last heartbeat was {seconds} s ago")),
        _ if account.degraded => Some("the connector calls it degraded".to_owned()),
        _ => None,
    };
    Session {
        name: account.id.clone(),
        id: account.id.clone(),
        state,
        reason: reason.into(),
        told: account.status.clone(),
        since_ms: None,
        phone: None,
        trouble,
    }
}

fn account(name: &str) -> Result<Account, Failure> {
    let health = Health::seen(&Api::configured()?)?;
    let known: Vec<String> = health.accounts.iter().map(|account| account.id.clone()).collect();
    health.accounts.into_iter().find(|account| account.id == name).ok_or_else(|| {
        failure(FailureKind::NotFound, format!("the connector has no account {name:?}"), format!("it has {}", known.join(", ")))
    })
}

impl Sessions for Connector {
    fn list() -> Result<Vec<Session>, Failure> {
        Ok(Health::seen(&Api::configured()?)?.accounts.iter().map(session).collect())
    }

    fn status(name: String) -> Result<Session, Failure> {
        account(&name).map(|account| session(&account))
    }

    fn start(_: String) -> Result<(), Failure> {
        Err(unsupported(
            "the connector starts accounts by itself, by desiredState in whatsapp_accounts; nothing in its API sets it",
        ))
    }

    fn stop(_: String) -> Result<(), Failure> {
        Err(unsupported(
            "the connector can pause an account by its API and not let it go on again; set desiredState in whatsapp_accounts",
        ))
    }

    fn restart(_: String) -> Result<(), Failure> {
        Err(unsupported("the connector cannot restart one account; restart the service, and its accounts connect again"))
    }

    fn logout(_: String) -> Result<(), Failure> {
        Err(unsupported("the connector cannot unlink an account; unlink it on the phone, under linked devices"))
    }

    /// Makes a QR code anew where one is needed. That wipes the account's folder, so it is done only
    /// for an account that has lost its phone, and once.
    fn link(name: String, way: Way, attempt: u32) -> Result<Offer, Failure> {
        if matches!(way, Way::PairingCode(_)) {
            return Err(unsupported("the connector's API gives no pairing codes; scan the QR code on the Accounts screen"));
        }
        let known = account(&name)?;
        let place = format!("whatsapp_accounts/{name}/private/state.qrCodeDataUrl and on the Accounts screen");
        match known.status.as_str() {
            "connected" => Ok(Offer::Linked),
            "qr_ready" => Ok(Offer::Pending(format!("its QR code is in {place}; scan it there"))),
            "connecting" | "reconnecting" => {
                Ok(Offer::Pending(format!("it is {}; its QR code will be in {place}", known.status)))
            }
            "needs_qr" if attempt > 0 => Ok(Offer::Pending(format!("a QR code is being made; it will be in {place}"))),
            "needs_qr" => {
                let answer = with_token()?.post(&format!("/api/accounts/{}/regenerate-qr", segment(&name)), None)?;
                match answer.done()?["ok"].as_bool() {
                    Some(true) => Ok(Offer::Pending(format!("a QR code is being made; it will be in {place}"))),
                    _ => Err(answer.strange("no ok that is true")),
                }
            }
            status => {
                let what = format!("the account {name} is {status}: a new QR code would wipe a session that may still be linked");
                Err(failure(FailureKind::Conflict, what, "wait until it is needs_qr, or make one on the Accounts screen"))
            }
        }
    }
}

fn no_webhooks() -> Failure {
    unsupported("the connector has no webhooks; it writes to Firestore")
}

impl Webhooks for Connector {
    fn list() -> Result<Vec<Webhook>, Failure> {
        Err(no_webhooks())
    }

    fn test(_: String) -> Result<String, Failure> {
        Err(no_webhooks())
    }

    fn failures() -> Result<Vec<Delivery>, Failure> {
        Err(no_webhooks())
    }

    fn enable(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }

    fn disable(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }

    fn retry(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }
}

/// A number of the server's, where it has one.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}

wpp_plugin_sdk::gateway!(Connector);
