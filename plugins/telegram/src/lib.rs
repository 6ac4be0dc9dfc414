//! Notices to a chat of Telegram, by a bot.
//!
//! Settings: `chat`; `url`; `timeout_ms`. Secrets: `telegram-token`, as @BotFather gave it. Grants:
//! `http=https://api.telegram.org`, and the secret. The bot has to be in the chat, and a person has to
//! have written to it first.

use wpp_plugin_sdk::notifier::{Condition, Description, Guest, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{
    Answer, Api, Failure, FailureKind, TIMEOUT_MS, Value, config, failure, json, needs, needs_secret, required, takes,
};

struct Telegram;

/// What a message may hold.
const CHARACTERS_MAX: usize = 4096;

fn server() -> Result<Api, Failure> {
    let url = config::get("url").filter(|url| !url.is_empty()).unwrap_or_else(|| "https://api.telegram.org".into());
    Api::configured_at(&format!("{}/bot{{{{secret:telegram-token}}}}", url.trim_end_matches('/')))
}

fn judged(answer: &Answer) -> Result<Value, Failure> {
    let body = match answer.json() {
        Err(_) if !answer.accepted() => return Err(answer.complaint()),
        body => body?,
    };
    if answer.accepted() && body["ok"] == true {
        return Ok(body["result"].clone());
    }
    let words = body["description"].as_str().unwrap_or_default();
    let why = |kind, hint: &str| failure(kind, format!("Telegram answered {}: {words}", answer.status), hint);
    Err(match answer.status {
        // A token that is none is an address that is none.
        401 | 404 if body["ok"] == false => why(FailureKind::Denied, "give the token of @BotFather as the secret telegram-token"),
        400 if words.contains("chat not found") => {
            why(FailureKind::NotFound, "set `chat` to its id; write to the bot first, or add it to the group")
        }
        403 => why(FailureKind::Denied, "the bot was blocked, or thrown out of the chat: add it again"),
        200..=299 if words.is_empty() => answer.strange("neither ok nor a description"),
        _ => answer.complaint(),
    })
}

impl Guest for Telegram {
    fn describe() -> Description {
        Description {
            title: "Telegram".into(),
            kind: Kind::Notice,
            settings: vec![
                needs("chat", "Where notices go to that name no recipient: a chat's id, or @name of a channel"),
                takes("url", "Where the API is", "https://api.telegram.org"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
            ],
            secrets: vec![needs_secret("telegram-token", "The bot's token, from @BotFather")],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let chat = required("chat")?;
        let answer = server()?.get("/getMe")?;
        let me = judged(&answer)?;
        let Some(name) = me["username"].as_str() else { return Err(answer.strange("no name of the bot")) };
        Ok(Wellness {
            condition: Condition::Ok,
            summary: format!("Telegram knows the bot as @{name}; whether it may write to {chat} is seen when it does"),
            version: None,
            version_known: true,
            evidence: vec![answer.evidence("ok true")],
        })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let chat = if message.to.is_empty() { required("chat")? } else { message.to };
        let text = match message.title {
            Some(title) => format!("{title}\n\n{}", message.text),
            None => message.text,
        };
        // No markup: a name with an underscore would make the whole message invalid.
        let text: String = text.chars().take(CHARACTERS_MAX).collect();
        let body = json!({"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": true}});
        let answer = server()?.post("/sendMessage", Some(&body))?;
        match judged(&answer)?["message_id"].as_i64() {
            Some(id) => Ok(Receipt { id: Some(id.to_string()), url: None, queued: false }),
            None => Err(answer.strange("no message_id")),
        }
    }
}

wpp_plugin_sdk::notifier!(Telegram);
