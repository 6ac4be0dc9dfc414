//! A plugin that does what no plugin may do; the setting `act` says what. The tests of the host hold
//! that each is contained.

use wpp_plugin_sdk::checker::{Check, Finding, Guest, Judgement, Outcome};
use wpp_plugin_sdk::http::{self, Header, Method, Request};
use wpp_plugin_sdk::{Failure, FailureKind, Outage, Severity, clock, config, failure, log};

struct Hostile;

impl Guest for Hostile {
    fn describe() -> Vec<Check> {
        if act() == "trap-in-describe" {
            panic!("described to death");
        }
        let id = config::get("id").unwrap_or_else(|| "act.behaves".into());
        vec![Check {
            id,
            title: "it behaves".into(),
            area: "hostile".into(),
            severity: Severity::Error,
            explain: "It never does.".into(),
            runbook: String::new(),
        }]
    }

    fn run(_: Vec<String>) -> Vec<Outcome> {
        let seen = match act().as_str() {
            "nothing" => "nothing".to_owned(),
            "sleep" => {
                clock::sleep_ms(3_600_000);
                "slept".to_owned()
            }
            "loop-of-requests" => loop {
                request();
            },
            "loop-of-sleeps" => loop {
                clock::sleep_ms(3_600_000);
            },
            "unknown" => return vec![Outcome { check: "act.behaves".into(), judgement: Judgement::Unknown(mystery()) }],
            "loop" => loop {
                std::hint::spin_loop();
            },
            "loop-of-calls" => loop {
                clock::now_ms();
            },
            "memory" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1_u8; 1 << 20]);
                    std::hint::black_box(&all);
                }
            }
            "stack" => deeper(&[0; 64]).to_string(),
            "trap" => panic!("a plugin gave up"),
            "log" => {
                for number in 0..100_000 {
                    log::write(log::Level::Info, &format!("{number} {}", "x".repeat(10_000)));
                }
                "logged".to_owned()
            }
            "findings" => return vec![many(50_000)],
            "a-long-finding" => "x".repeat(30 << 20),
            "request" => request(),
            "setting" => format!("{:?}", config::get(&config::get("other").unwrap_or_default())),
            other => format!("does not know how to {other}"),
        };
        vec![Outcome { check: "act.behaves".into(), judgement: Judgement::Found(vec![finding(seen)]) }]
    }
}

/// What could not be looked at, with a class of its own for each setting `outage`.
fn mystery() -> Failure {
    let outage = match config::get("outage").as_deref() {
        Some("dns") => Some(Outage::DnsResolution),
        Some("timeout") => Some(Outage::Timeout),
        Some("network") => Some(Outage::NetworkUnreachable),
        Some("provider") => Some(Outage::ProviderUnavailable),
        _ => None,
    };
    Failure { outage, ..failure(FailureKind::Unreachable, "nobody knows", "ask somebody else") }
}

fn act() -> String {
    config::get("act").unwrap_or_default()
}

#[allow(unconditional_recursion, reason = "that is the point")]
fn deeper(above: &[u64; 64]) -> u64 {
    let here = std::hint::black_box(above.map(|number| number + 1));
    std::hint::black_box(deeper(&here) + here[0])
}

fn many(count: usize) -> Outcome {
    let findings = (0..count).map(|number| finding(format!("finding {number}"))).collect();
    Outcome { check: "act.behaves".into(), judgement: Judgement::Found(findings) }
}

fn finding(summary: String) -> Finding {
    Finding { severity: None, session: None, summary, evidence: Vec::new(), remedy: String::new(), command: Vec::new() }
}

/// One request as the settings say, and what came of it in words.
fn request() -> String {
    let get = |name: &str| config::get(name).unwrap_or_default();
    let mut headers = Vec::new();
    if let Some((name, value)) = get("header").split_once('=') {
        headers.push(Header { name: name.into(), value: value.into() });
    }
    let body = config::get("body").map(String::into_bytes);
    let method = if body.is_some() { Method::Post } else { Method::Get };
    let request = Request { method, url: get("url"), headers, body, timeout_ms: None };
    match http::send(&request) {
        Ok(response) => format!("{} {}", response.status, String::from_utf8_lossy(&response.body)),
        Err(http::Error::Denied(why)) => format!("denied: {why}"),
        Err(http::Error::NoAnswer(no)) => format!("no answer: {:?}: {}", no.class, no.message),
        Err(http::Error::Invalid(why)) => format!("invalid: {why}"),
        Err(http::Error::TooLarge(why)) => format!("too large: {why}"),
    }
}

wpp_plugin_sdk::checker!(Hostile);
