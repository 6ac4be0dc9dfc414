//! Notices to a channel of Slack, by a bot or by an incoming webhook.
//!
//! By a bot: the setting `channel`, and the secret `slack-token`, a bot's token (`xoxb-…`) with the
//! scope `chat:write`; the bot has to be in the channel. Grants: `http=https://slack.com`, and the
//! secret. Slack answers 200 to nearly everything: what came of it is in `ok` and `error`.
//!
//! By an incoming webhook, with `incoming = true`: the secret `slack-webhook`, which is what follows
//! `https://hooks.slack.com/services/` in its address (`T…/B…/…`). Grants:
//! `http=https://hooks.slack.com`, and the secret. It has a channel of its own, and tells no id of a
//! message.
//!
//! More settings: `url`; `timeout_ms`.

use wpp_plugin_sdk::notifier::{Condition, Description, Guest, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{
    Answer, Api, Failure, FailureKind, TIMEOUT_MS, Value, config, failure, flag, json, required, takes, takes_secret, unsupported,
};

struct Slack;

/// What a message may hold; Slack cuts off the rest by itself, without a word.
const CHARACTERS_MAX: usize = 39_000;

fn url(default: &str) -> String {
    config::get("url").filter(|url| !url.is_empty()).unwrap_or_else(|| default.into())
}

fn server() -> Result<Api, Failure> {
    Ok(Api::configured_at(&url("https://slack.com"))?.header("authorization", "Bearer {{secret:slack-token}}"))
}

fn incoming() -> Result<bool, Failure> {
    flag("incoming", false)
}

/// Sends to the incoming webhook. It says `ok`, or in one word what is wrong.
fn post(text: &str) -> Result<(), Failure> {
    let server = Api::configured_at(&url("https://hooks.slack.com"))?;
    let answer = server.post("/services/{{secret:slack-webhook}}", Some(&json!({"text": text})))?;
    let words = String::from_utf8_lossy(&answer.body).trim().to_owned();
    if answer.accepted() && words == "ok" {
        return Ok(());
    }
    let (kind, hint) = match words.as_str() {
        "invalid_token" | "no_active_hooks" | "no_service" | "no_service_id" | "no_team" | "team_disabled" => {
            (FailureKind::Denied, "give what follows /services/ in the webhook's address as the secret slack-webhook")
        }
        "action_prohibited" | "posting_to_general_channel_denied" => {
            (FailureKind::Denied, "let an admin of the workspace allow what the webhook does")
        }
        "channel_not_found" => (FailureKind::NotFound, "its channel is gone: make another webhook"),
        "channel_is_archived" => (FailureKind::Conflict, "bring its channel back, or make another webhook"),
        _ if answer.accepted() => return Err(answer.strange("neither ok nor an error")),
        _ => return Err(answer.complaint()),
    };
    // What was asked holds the secret's place, which helps nobody.
    Err(failure(kind, format!("Slack says {words} to its incoming webhook"), hint))
}

fn judged(answer: &Answer) -> Result<Value, Failure> {
    if !answer.accepted() {
        return Err(answer.complaint());
    }
    let body = answer.json()?;
    if body["ok"] == true {
        return Ok(body);
    }
    let Some(error) = body["error"].as_str() else { return Err(answer.strange("neither ok nor an error")) };
    let (kind, hint) = match error {
        "not_authed" | "invalid_auth" | "account_inactive" | "token_revoked" | "token_expired" => {
            (FailureKind::Denied, "give the token of a bot as the secret slack-token")
        }
        "missing_scope" | "no_permission" | "ekm_access_denied" | "restricted_action" => {
            (FailureKind::Denied, "give the bot the scope chat:write, and install it again")
        }
        "channel_not_found" => (FailureKind::NotFound, "set `channel` to its id, such as C0123456789"),
        "not_in_channel" => (FailureKind::Denied, "invite the bot into the channel"),
        "is_archived" => (FailureKind::Conflict, "take another channel, or bring this one back"),
        "ratelimited" | "rate_limited" => (FailureKind::RateLimited, "try again later"),
        _ => (FailureKind::Failed, "Slack's documentation of the method says what this word means; send it again later"),
    };
    Err(failure(kind, format!("Slack says {error} to {}", answer.asked), hint))
}

impl Guest for Slack {
    fn describe() -> Description {
        Description {
            title: "Slack".into(),
            kind: Kind::Notice,
            settings: vec![
                takes("channel", "Where notices go to that name no recipient: a channel's id or name; needed by a bot", ""),
                takes(
                    "incoming",
                    "Whether they go by the incoming webhook in the secret slack-webhook, and not by a bot",
                    "false",
                ),
                takes("url", "Where Slack is, if it is not https://slack.com, or for a webhook https://hooks.slack.com", ""),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
            ],
            secrets: vec![
                takes_secret("slack-token", "The token of a bot with the scope chat:write"),
                takes_secret(
                    "slack-webhook",
                    "What follows /services/ in the address of an incoming webhook; used with incoming = true",
                ),
            ],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        if incoming()? {
            let what = "notices go to an incoming webhook, which cannot be asked how it is; nothing is sent to find out";
            return Err(Failure { hint: format!("send one: `wpp channel send {} TEXT`", config::name()), ..unsupported(what) });
        }
        let channel = required("channel")?;
        let answer = server()?.post("/api/auth.test", None)?;
        let body = judged(&answer)?;
        let who = body["user"].as_str().unwrap_or("a bot");
        Ok(Wellness {
            condition: Condition::Ok,
            summary: format!("Slack knows the bot as {who}; whether it may write to {channel} is seen when it does"),
            version: None,
            version_known: true,
            evidence: vec![answer.evidence("ok true")],
        })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let incoming = incoming()?;
        if incoming && !message.to.is_empty() {
            return Err(unsupported("an incoming webhook has one channel; leave the recipient out, or send by a bot"));
        }
        let text = match message.title {
            Some(title) => format!("*{}*\n{}", escaped(&title), escaped(&message.text)),
            None => escaped(&message.text),
        };
        let text: String = text.chars().take(CHARACTERS_MAX).collect();
        if incoming {
            return post(&text).map(|()| Receipt { id: None, url: None, queued: false });
        }
        let channel = if message.to.is_empty() { required("channel")? } else { message.to };
        let body = json!({"channel": channel, "text": text, "unfurl_links": false, "unfurl_media": false});
        let answer = server()?.post("/api/chat.postMessage", Some(&body))?;
        let id = judged(&answer)?["ts"].as_str().map(str::to_owned);
        if id.is_none() { Err(answer.strange("no ts of the message")) } else { Ok(Receipt { id, url: None, queued: false }) }
    }
}

// What Slack would take for a link or a call of everybody.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

wpp_plugin_sdk::notifier!(Slack);
