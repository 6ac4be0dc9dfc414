//! Notices to a channel of Slack, by a bot.
//!
//! Settings: `channel`; `url`; `timeout_ms`. Secrets: `slack-token`, a bot's token (`xoxb-…`) with the
//! scope `chat:write`; the bot has to be in the channel. Grants: `http=https://slack.com`, and the
//! secret.
//!
//! Slack answers 200 to nearly everything: what came of it is in `ok` and `error`.

use wpp_plugin_sdk::notifier::{Condition, Description, Guest, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{Answer, Api, Failure, FailureKind, TIMEOUT_MS, Value, config, failure, json, needs, required, takes, takes_secret};

struct Slack;

/// What a message may hold; Slack cuts off the rest by itself, without a word.
const CHARACTERS_MAX: usize = 39_000;

fn server() -> Result<Api, Failure> {
    let url = config::get("url").filter(|url| !url.is_empty()).unwrap_or_else(|| "https://slack.com".into());
    Ok(Api::configured_at(&url)?.header("authorization", "Bearer {{secret:slack-token}}"))
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
        _ => (FailureKind::Failed, ""),
    };
    Err(failure(kind, format!("Slack says {error} to {}", answer.asked), hint))
}

impl Guest for Slack {
    fn describe() -> Description {
        Description {
            title: "Slack".into(),
            kind: Kind::Notice,
            settings: vec![
                needs("channel", "Where notices go to that name no recipient: a channel's id or name"),
                takes("url", "Where Slack's API is", "https://slack.com"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
            ],
            secrets: vec![takes_secret("slack-token", "The token of a bot with the scope chat:write")],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
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
        let channel = if message.to.is_empty() { required("channel")? } else { message.to };
        let text = match message.title {
            Some(title) => format!("*{}*\n{}", escaped(&title), escaped(&message.text)),
            None => escaped(&message.text),
        };
        let text: String = text.chars().take(CHARACTERS_MAX).collect();
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
