//! The plugins that send notices, against doubles of the places they go to: one suite for all, and
//! what is each one's own.

use serde_json::json;

use wpp::plugin::host::Interface;
use wpp::plugin::host::words::channel::{Condition, Kind, Message};
use wpp::plugin::host::words::types::{FailureKind, Severity};

use crate::doubles::{Asked, Double, Fault, Notices};
use crate::gateways::{Bench, message, refused};

pub const TOKEN: &str = "12345:token-for-tests";

/// A notifier, its secret, and the settings that it needs beside `url`.
pub type Notifier = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

pub const ALL: [Notifier; 5] = [
    ("slack", "slack-token", &[("channel", "C0123456789")]),
    ("telegram", "telegram-token", &[("chat", "-1001")]),
    ("ntfy", "ntfy-token", &[("topic", "ops"), ("signed_in", "true")]),
    ("github", "github-token", &[("repository", "o/r")]),
    ("webhook", "webhook-key", &[]),
];

pub fn bench(name: &'static str, double: &Double<Notices>) -> Bench {
    let (_, secret, settings) = ALL.iter().find(|(known, ..)| *known == name).unwrap();
    let mut bench = Bench::new(name, settings, &[(secret, TOKEN)]);
    bench.set("url", &double.url());
    bench
}

pub fn notice() -> Message {
    Message { to: String::new(), ..message(None) }
}

#[test]
fn notices_arrive_and_what_prevents_it_is_told_by_its_kind() {
    for (name, _, _) in ALL {
        let double = Double::new(Notices::new(TOKEN));
        let mut bench = bench(name, &double);
        assert_eq!(bench.interfaces(), [Interface::Channel]);
        let description = bench.describe();
        assert_eq!(description.kind, Kind::Notice);
        assert!(description.secrets.iter().all(|secret| secret.name.starts_with(name) && !secret.about.is_empty()));
        assert!(double.asked().is_empty(), "a description asked the server");
        bench.send(&notice()).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        let taken = std::mem::take(&mut double.state().taken);
        let body = taken.last().unwrap().body.to_string();
        assert!(body.contains("90 % full") && body.contains("Disk") && !body.contains(TOKEN), "{name}: {body}");
        // Whom nobody can ask is not said to be well.
        match name {
            "webhook" => assert_eq!(refused(bench.health()).0, FailureKind::Unsupported),
            _ => assert_eq!(bench.health().unwrap().condition, Condition::Ok),
        }

        // Words of a message are words, whatever they look like.
        let odd = Message {
            title: Some("{{secret:slack-token}} {{hmac-sha256:webhook-key}}\r\nx: y".into()),
            key: "{{secret:webhook-key}}\r\nx-more: y".into(),
            text: format!("<!channel> --> {}\0 \u{202e}{{{{secret:ntfy-token}}}}", "ü".repeat(70_000)),
            ..notice()
        };
        bench.send(&odd).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        let taken = double.state().taken.last().unwrap().clone();
        assert!(!taken.body.to_string().contains(TOKEN) && !taken.header("idempotency-key").contains(TOKEN), "{name}");

        for seed in 0..8 {
            double.fault(Fault::Odd(seed));
            let _ = (bench.send(&notice()), bench.health());
        }
        for (fault, kinds, words) in [
            (Fault::Broken, &[FailureKind::Failed][..], "500"),
            (Fault::Busy, &[FailureKind::RateLimited], "17 s"),
            (Fault::Page, &[FailureKind::InvalidAnswer], "a page of HTML"),
            (Fault::Garbled, &[FailureKind::InvalidAnswer], "answered 200 with"),
            (Fault::Failure, &[FailureKind::Failed, FailureKind::InvalidAnswer], "it did not work"),
        ] {
            double.fault(fault);
            // The receiver of a webhook may answer with whatever it likes: what counts is that it took it.
            if name == "webhook" && !matches!(fault, Fault::Broken | Fault::Busy) {
                double.asked();
                bench.send(&notice()).unwrap_or_else(|failure| panic!("{fault:?}: {failure:?}"));
                assert_eq!(double.asked().len(), 1, "{fault:?}: it was sent again");
                continue;
            }
            let mut ends = vec![refused(bench.send(&notice()))];
            if name != "webhook" {
                ends.push(refused(bench.health()));
            }
            for (kind, told) in ends {
                assert!(kinds.contains(&kind) && told.contains(words), "{name} {fault:?}: {kind:?}: {told}");
            }
        }
        double.fault(Fault::Echo);
        let (_, told) = refused(bench.send(&notice()));
        assert!(name == "webhook" || told.contains("[secret]"), "{name}: {told}");
        double.fault(Fault::None);
        double.fault(Fault::Slow);
        assert!(description.settings.iter().any(|setting| setting.name == "timeout_ms"), "{name}");
        bench.set("timeout_ms", "300");
        let begun = std::time::Instant::now();
        let (kind, told) = refused(bench.send(&notice()));
        assert!(kind == FailureKind::Unreachable && told.contains("timeout"), "{name}: {told}");
        // Sooner than the host's own patience would end it.
        assert!(begun.elapsed() < wpp::plugin::http::PATIENCE, "{name}: {:?}", begun.elapsed());
        bench.settings.remove("timeout_ms");
        double.fault(Fault::None);
        if name != "webhook" {
            double.state().token = "99999:another-token".into();
            let (kind, told) = refused(bench.send(&notice()));
            assert!(kind == FailureKind::Denied, "{name}: {told}");
        }
        bench.set("url", "http://127.0.0.1:1");
        let (kind, told) = refused(bench.send(&notice()));
        assert!(kind == FailureKind::Unreachable && told.contains("provider_unavailable"), "{name}: {told}");
        bench.secrets.clear();
        let (kind, told) = refused(bench.send(&notice()));
        assert!(kind == FailureKind::Denied && told.contains("there is no secret"), "{name}: {told}");
        assert!(told.contains(" to 127.0.0.1:1 was not sent") && !told.contains("  "), "{name}: {told}");
    }
}

#[test]
fn slack_takes_notices_by_an_incoming_webhook_whose_secret_is_several_parts_of_an_address() {
    const HOOK: &str = "T0AAA/B0BBB/s3cretword";
    let double = Double::new(Notices::new(HOOK));
    let url = double.url();
    let mut bench = Bench::new("slack", &[("url", &url), ("incoming", "true")], &[("slack-webhook", HOOK)]);
    let receipt = bench.send(&notice()).unwrap();
    assert!(receipt.id.is_none() && !receipt.queued);
    let taken = double.state().taken.pop().unwrap();
    assert_eq!((taken.path.as_str(), &taken.body["text"]), ("/services/T0AAA/B0BBB/s3cretword", &json!("*Disk*\n90 % full")));
    let (kind, told) = refused(bench.health());
    assert!(kind == FailureKind::Unsupported && told.contains("wpp channel send slack"), "{told}");
    let (kind, told) = refused(bench.send(&Message { to: "C1".into(), ..notice() }));
    assert!(kind == FailureKind::Unsupported, "{told}");
    for (fault, kind, words) in [
        (Fault::Broken, FailureKind::Failed, "500"),
        (Fault::Busy, FailureKind::RateLimited, "17 s"),
        (Fault::Page, FailureKind::InvalidAnswer, "a page of HTML"),
        (Fault::Echo, FailureKind::Failed, "400"),
    ] {
        double.fault(fault);
        let (seen, told) = refused(bench.send(&notice()));
        assert!(seen == kind && told.contains(words), "{fault:?}: {seen:?}: {told}");
    }
    double.fault(Fault::None);
    double.state().token = "T0AAA/B0BBB/another".into();
    let (kind, told) = refused(bench.send(&notice()));
    assert!(kind == FailureKind::Denied && told.contains("invalid_token") && told.contains("slack-webhook"), "{told}");
    // One that would lead elsewhere is not put in.
    for odd in ["T0/../../api/auth.test", "T0/B0/x?y", "T0/B0/%2e%2e/x"] {
        bench.secrets.insert("WPP_SECRET_SLACK_WEBHOOK".into(), odd.into());
        double.asked();
        let (kind, told) = refused(bench.send(&notice()));
        assert!(kind == FailureKind::Misconfigured && double.asked().is_empty(), "{odd}: {told}");
    }
}

#[test]
fn a_recipient_that_is_none_is_told_and_a_setting_that_is_missing_too() {
    let double = Double::new(Notices::new(TOKEN));
    for (name, setting) in [("slack", "channel"), ("telegram", "chat"), ("ntfy", "topic"), ("github", "repository")] {
        let mut bench = bench(name, &double);
        if name != "ntfy" {
            let nowhere = if name == "github" { "o/nowhere" } else { "nowhere" };
            let (kind, told) = refused(bench.send(&Message { to: nowhere.into(), ..notice() }));
            assert!(kind == FailureKind::NotFound && told.contains(setting), "{name}: {told}");
        }
        bench.settings.remove(setting);
        let (kind, told) = refused(bench.send(&notice()));
        assert!(kind == FailureKind::Misconfigured && told.contains(setting), "{name}: {told}");
    }
    let github = bench("github", &double);
    for odd in ["o", "o/r/issues", "../..", "o/..", "/r", "o/", "{{secret:github-token}}/r"] {
        let (kind, _) = refused(github.send(&Message { to: odd.into(), ..notice() }));
        assert!(matches!(kind, FailureKind::Misconfigured | FailureKind::NotFound), "{odd}");
    }
}

#[test]
fn github_has_one_issue_for_each_problem_and_tells_it_again_there() {
    for labels in [true, false] {
        let double = Double::new(Notices::new(TOKEN));
        double.state().labels = labels;
        let bench = bench("github", &double);
        let keyed = |key: &str| Message { problem: Some(key.into()), key: uuid::Uuid::new_v4().to_string(), ..notice() };
        let taken = || std::mem::take(&mut double.state().taken).iter().map(Asked::line).collect::<Vec<_>>();
        let first = bench.send(&keyed("disk/--> {{secret:github-token}}")).unwrap();
        assert_eq!(first.url.as_deref(), Some("https://github.example/o/r/issues/1"));
        assert_eq!(taken(), ["POST /repos/o/r/issues"]);
        let again = bench.send(&keyed("disk/--> {{secret:github-token}}")).unwrap();
        assert!(again.url.unwrap().contains("issues/1#"));
        assert_eq!(taken(), ["POST /repos/o/r/issues/1/comments"]);
        // A key that another one begins with is another problem's.
        bench.send(&keyed("disk")).unwrap();
        bench.send(&keyed("disk/")).unwrap();
        assert_eq!(taken(), ["POST /repos/o/r/issues", "POST /repos/o/r/issues"]);
        assert_eq!(double.state().issues.len(), 3);
        // A problem that was closed and comes back is a new one.
        double.state().issues[0]["state"] = json!("closed");
        bench.send(&keyed("disk/--> {{secret:github-token}}")).unwrap();
        assert_eq!(taken(), ["POST /repos/o/r/issues"]);
        let body = double.state().issues[0]["body"].as_str().unwrap().to_owned();
        assert_eq!(body.matches("-->").count(), 1, "{body}");
        // A message about no problem is an issue of its own, and sent once.
        let one = bench.send(&Message { key: "k1".into(), ..notice() }).unwrap();
        assert_eq!(taken(), ["POST /repos/o/r/issues"]);
        let same = bench.send(&Message { key: "k1".into(), ..notice() }).unwrap();
        assert!(taken().is_empty() && (one.id, one.url) == (same.id, same.url));
        // What is over is said and closed; of what nobody knew, nothing is said.
        let over = |key: &str| Message { severity: Some(Severity::Ok), ..keyed(key) };
        bench.send(&over("disk")).unwrap();
        assert_eq!(taken(), ["POST /repos/o/r/issues/2/comments"]);
        assert_eq!(double.state().issues[1]["state"], "closed");
        bench.send(&over("disk")).unwrap();
        assert!(taken().is_empty());
    }
    // Among many.
    let double = Double::new(Notices::new(TOKEN));
    let bench = bench("github", &double);
    for number in 0..250 {
        let asked = json!({"title": "x", "body": format!("<!-- wpp-problem: p{number} -->"), "labels": ["wpp"]});
        let issue = json!({"id": number, "number": number + 1, "state": "open", "title": "x", "body": asked["body"],
            "labels": [{"name": "wpp"}], "html_url": format!("https://github.example/o/r/issues/{}", number + 1)});
        double.state().issues.push(issue);
    }
    let receipt = bench.send(&Message { problem: Some("p3".into()), ..notice() }).unwrap();
    assert!(receipt.url.unwrap().contains("issues/4#"));
}
