//! Checks of a service that tells how it is at `/health` and how much waits at `/queue`: an example, to
//! be replaced with what matters to you.
//!
//! Settings: `url`; `queue_max`; `timeout_ms`. Secret: `service-key`, a bearer token. Grants: the
//! service's origin, and the secret.

use wpp_plugin_sdk::checker::Guest;
use wpp_plugin_sdk::{Api, Failure, Severity, number};

// The types for a table of checks: Row, Judged, and `ok`, `note` and `bad`, which make findings.
wpp_plugin_sdk::judgements!(checker);

struct Plugin;

/// The service, as every check asks it. The host puts the secret in; this code never sees it.
fn service() -> Result<Api, Failure> {
    Ok(Api::configured()?.header("authorization", "Bearer {{secret:service-key}}"))
}

const CHECKS: &[Row<Api>] = &[
    Row {
        id: "service.healthy",
        title: "the service is healthy",
        area: "service",
        severity: Severity::Error,
        explain: "Asks /health and judges what it says, not its status alone. Restart the service when it is not well.",
        runbook: "",
        judge: healthy,
    },
    Row {
        id: "queue.short",
        title: "the queue is short",
        area: "queue",
        severity: Severity::Warning,
        explain: "Asks /queue how much waits. More than the setting queue_max means that messages come faster than they go.",
        runbook: "",
        judge: short,
    },
];

fn healthy(service: &Api) -> Judged {
    // `seen` asks once in a run, however many checks want to know.
    let answer = service.seen("/health")?;
    let status = answer.done()?["status"].as_str().map(str::to_owned).ok_or_else(|| answer.strange("no status"))?;
    if status == "ok" {
        return one(ok("the service says that it is ok"));
    }
    one(bad(format!("the service says that it is {status}"), "restart the service").seen(answer.evidence("status ok")))
}

fn short(service: &Api) -> Judged {
    let most = number("queue_max", 100)?;
    let answer = service.seen("/queue")?;
    let waiting = answer.done()?["waiting"].as_u64().ok_or_else(|| answer.strange("no number of what waits"))?;
    if waiting <= most {
        return one(ok(format!("{waiting} wait")));
    }
    let finding = bad(format!("{waiting} wait, more than {most}"), "see what keeps the service from working them off");
    one(finding.seen(answer.evidence(&format!("at most {most}"))))
}

impl Guest for Plugin {
    fn describe() -> Vec<Check> {
        described(CHECKS)
    }

    fn run(only: Vec<String>) -> Vec<Outcome> {
        judged(CHECKS, &only, service())
    }
}

wpp_plugin_sdk::checker!(Plugin);
