//! Notices as HTTP requests to an address of the operator's, signed so that the receiver knows who
//! sent them.
//!
//! The request is a POST of `{"key", "problem", "severity", "to", "title", "text", "at_ms"}`. `X-Wpp-Signature` is
//! `sha256=` and the HMAC-SHA256 of the body in hex, with the secret `webhook-key`; without the
//! setting `signed = false` a request without it is never sent.

use wpp_plugin_sdk::notifier::{Description, Guest, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{
    Api, Failure, FailureKind, Setting, Severity, TIMEOUT_MS, clock, config, failure, json, required, segment, takes_secret,
    unsupported,
};

struct Webhook;

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}

impl Guest for Webhook {
    fn describe() -> Description {
        let setting = |name: &str, about: &str, required: bool, default: Option<&str>| Setting {
            name: name.into(),
            about: about.into(),
            required,
            default: default.map(str::to_owned),
        };
        Description {
            title: "webhook".into(),
            kind: Kind::Notice,
            settings: vec![
                setting("url", "Where requests go to", true, None),
                setting("signed", "Whether each carries a signature", false, Some("true")),
                setting("timeout_ms", "How long one answer may take", false, Some(&TIMEOUT_MS.to_string())),
            ],
            secrets: vec![takes_secret(
                "webhook-key",
                "What requests are signed with unless signed = false; the receiver has it, too",
            )],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        // Whoever receives notices does not expect to be asked how it is.
        let url = required("url")?;
        let what = format!("notices go to {url}; nothing is sent to find out whether they arrive");
        Err(Failure { hint: format!("send one: `wpp channel send {} TEXT`", config::name()), ..unsupported(what) })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let url = required("url")?;
        let mut server = Api::configured_at(&url)?;
        match config::get("signed").as_deref() {
            None | Some("true") => server = server.header("x-wpp-signature", "sha256={{hmac-sha256:webhook-key}}"),
            Some("false") => {}
            Some(_) => {
                return Err(failure(
                    FailureKind::Misconfigured,
                    "the setting signed is neither true nor false",
                    "write one of them",
                ));
            }
        }
        let body = json!({
            "key": message.key,
            "problem": message.problem,
            "severity": message.severity.map(word),
            "to": message.to,
            "title": message.title,
            "text": message.text,
            "at_ms": clock::now_ms(),
        });
        // In a header the host puts in secrets, and a line's end would be the end of it: so the key is
        // escaped there as in an address.
        let answer = server.header("idempotency-key", segment(&message.key)).post("", Some(&body))?;
        if (200..300).contains(&answer.status) {
            Ok(Receipt { id: None, url: None, queued: false })
        } else {
            Err(answer.complaint())
        }
    }
}

wpp_plugin_sdk::notifier!(Webhook);
