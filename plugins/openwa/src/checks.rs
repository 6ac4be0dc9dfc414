//! What its runbook asks, as checks. Each looks; none changes anything.

use wpp_plugin_sdk::gateway::{Checks, State};
use wpp_plugin_sdk::{Api, Evidence, Failure, FailureKind, Severity, address, clock, config, failure, flag, number, span};

use crate::server::{Server, not_ready};
use crate::sessions::{session, stuck};
use crate::webhooks::{FAILURES_MAX, delivered_ms, failures, webhooks};
use crate::{OpenWa, VERSIONS};

wpp_plugin_sdk::judgements!(gateway);

impl Checks for OpenWa {
    fn describe() -> Vec<Check> {
        described(ROWS)
    }

    fn run(only: Vec<String>) -> Vec<Outcome> {
        judged(ROWS, &only, Server::configured())
    }
}

const ROWS: &[Row<Server>] = &[
    Row {
        id: "service.alive",
        title: "the server answers",
        area: "service",
        severity: Severity::Critical,
        explain: "Asks /api/health/live. A server that does not answer sends and receives nothing for any session. See whether its container runs, whether it was ended for want of memory, and what its log says; restart it with `docker compose restart openwa`.",
        runbook: "runbooks/openwa-service-down.md",
        judge: alive,
    },
    Row {
        id: "service.ready",
        title: "the server and its databases work",
        area: "service",
        severity: Severity::Critical,
        explain: "Asks /api/health/ready and judges what it says of each part, not its status alone: a server can be alive and unable to reach its databases. Look at the disk and at the files in data/, then restart the database and after it the server.",
        runbook: "runbooks/openwa-service-down.md",
        judge: ready,
    },
    Row {
        id: "service.parts",
        title: "what the server leans on is connected",
        area: "service",
        severity: Severity::Error,
        explain: "Asks /api/infra/status for the database, for Redis where it is in use, and for the queue of webhooks.",
        runbook: "runbooks/openwa-service-down.md",
        judge: parts,
    },
    Row {
        id: "service.uptime",
        title: "the server does not restart again and again",
        area: "service",
        severity: Severity::Warning,
        explain: "Reads from /api/metrics for how long the process runs and how often sessions reconnect. A process that is always young is being ended: for want of memory, or by its own crashes.",
        runbook: "runbooks/openwa-high-memory.md",
        judge: uptime,
    },
    Row {
        id: "key.accepted",
        title: "the key is accepted",
        area: "security",
        severity: Severity::Error,
        explain: "Lists the sessions with the secret openwa-key. Without a key that is accepted nothing can be seen or mended from here.",
        runbook: "runbooks/openwa-service-down.md",
        judge: key,
    },
    Row {
        id: "sessions.ready",
        title: "every session is ready",
        area: "sessions",
        severity: Severity::Error,
        explain: "Judges each session by its state and, where the state ought to pass, by its age: one that cannot reach WhatsApp stays `initializing` for ever and tells no error. Restart it first; scan its code again when the phone does not list it as a linked device any more. A phone that was not used for 14 days unlinks its devices.",
        runbook: "runbooks/openwa-session-disconnected.md",
        judge: sessions,
    },
    Row {
        id: "host.memory",
        title: "the server has memory left",
        area: "host",
        severity: Severity::Warning,
        explain: "Compares the process's memory with the setting memory_max_mb, the limit of its container; more than 80 % is too much. A session takes 300 to 500 MB with a browser as its engine, and far less without. Restart the server, remove sessions that nobody uses, or raise the limit.",
        runbook: "runbooks/openwa-high-memory.md",
        judge: memory,
    },
    Row {
        id: "webhooks.delivered",
        title: "webhooks are delivered",
        area: "webhooks",
        severity: Severity::Warning,
        explain: "Judges deliveries: fewer than 95 % that succeeded is too few. With its queue in use the server counts both kinds. Without it, it lists those that failed alone, and of each webhook when the last one succeeded: a webhook with failures in the last hour (webhook_window_ms) and no success after them does not work; one with a success after them may or may not, which is unknown then. Test the webhook, then look at its receiver: does it answer, in time, with a valid certificate, and does it accept the signature?",
        runbook: "runbooks/openwa-webhook-failure.md",
        judge: delivered,
    },
    Row {
        id: "server.version",
        title: "the server's version is known",
        area: "service",
        severity: Severity::Warning,
        explain: "Compares the version that the server tells with those that this plugin was tried with. Another one may answer otherwise; what it answers is judged all the same.",
        runbook: "runbooks/openwa-version-upgrade.md",
        judge: version,
    },
    Row {
        id: "runbook.endpoints",
        title: "what runbooks ask of the server exists",
        area: "runbooks",
        severity: Severity::Warning,
        explain: "Looks for each address that runbooks, the verbs of wpp and OpenWA's own runbooks ask of the server. Those that read are asked, with a session that does not exist. Of those that act only the path is asked, with a name that cannot be decoded: the server answers 400 where it has the path and 404 where not, and nothing of it runs. Where that does not tell, what was recorded of this very version counts; of any other version it is said that it was not seen.",
        runbook: "runbooks/openwa-version-upgrade.md",
        judge: endpoints,
    },
];

fn alive(server: &Server) -> Judged {
    let answer = match server.api.seen("/api/health/live") {
        Err(failure) if failure.kind == FailureKind::Unreachable => {
            let remedy = "see `docker compose ps` and the log of openwa; start it with `docker compose up -d`";
            return one(bad(failure.message, remedy));
        }
        answer => answer?,
    };
    match not_ready(&answer)? {
        None => one(ok("the server answers").seen(answer.evidence("status ok"))),
        Some(why) => one(bad(why, "read the server's log, then restart it").seen(answer.evidence("status ok"))),
    }
}

fn ready(server: &Server) -> Judged {
    let answer = server.api.seen("/api/health/ready")?;
    let evidence = answer.evidence("status ok, each part up");
    match not_ready(&answer)? {
        None => one(ok("the server and its databases work").seen(evidence)),
        Some(why) => {
            let remedy = "look at the disk and the files in data/; restart the database, then the server";
            one(bad(why, remedy).seen(evidence))
        }
    }
}

fn parts(server: &Server) -> Judged {
    let answer = server.api.seen("/api/infra/status")?;
    let body = answer.done()?;
    let evidence = || answer.evidence("database.connected true; redis.connected true where redis.enabled is");
    let mut findings = Vec::new();
    match body["database"]["connected"].as_bool() {
        Some(true) => {}
        Some(false) => findings
            .push(bad("the server has no connection to its database", "restart the database, then the server").seen(evidence())),
        None => return Err(answer.strange("nothing about its database")),
    }
    if body["redis"]["enabled"] == true && body["redis"]["connected"] != true {
        findings.push(bad("Redis is in use and not connected", "start Redis, then restart the server").seen(evidence()));
    }
    let failed = body["queue"]["webhooks"]["failed"].as_u64().unwrap_or(0);
    if body["queue"]["enabled"] == true && failed > 0 {
        let summary = format!("{failed} deliveries of webhooks in the queue have failed");
        findings.push(
            bad(summary, format!("see `wpp webhook failures {}`", config::name())).severe(Severity::Warning).seen(evidence()),
        );
    }
    all(findings, || ok("the database and all that is in use are connected").seen(evidence()))
}

fn uptime(_: &Server) -> Judged {
    if !flag("metrics", false)? {
        let why = "the time since the server's start is in /api/metrics alone; set metrics = true and give the secret openwa-metrics-token";
        return Ok(Judgement::Skipped(why.into()));
    }
    let api = Api::configured()?.header("authorization", "Bearer {{secret:openwa-metrics-token}}");
    let answer = api.get("/api/metrics")?;
    if !answer.accepted() {
        return Err(answer.complaint());
    }
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let metric = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse::<f64>().ok()).filter(|value| value.is_finite() && *value >= 0.0)
    };
    let Some(seconds) = metric("openwa_process_uptime_seconds") else {
        return Err(answer.strange("no openwa_process_uptime_seconds"));
    };
    let seen = |name: &str, value: f64, expected: &str| Evidence {
        subject: format!("GET /api/metrics: {name}"),
        expected: expected.into(),
        observed: format!("{value}"),
    };
    let mut findings = Vec::new();
    if seconds < 300.0 {
        let summary = format!("the server was started {} ago", span((seconds * 1000.0) as u64));
        findings.push(note(summary, "if nobody restarted it, read its log from before: it was ended, or crashed").seen(seen(
            "openwa_process_uptime_seconds",
            seconds,
            "300 or more",
        )));
    }
    let loops = metric("openwa_session_reconnect_loop_alerts_total").unwrap_or(0.0);
    if loops > 0.0 {
        let summary = format!("the server has seen {loops} sessions connect again and again since its start");
        let remedy =
            format!("find them with the check {}.sessions.ready; look for a second device of the same session", config::name());
        findings.push(bad(summary, remedy).seen(seen("openwa_session_reconnect_loop_alerts_total", loops, "0")));
    }
    all(findings, || ok(format!("the server runs for {}", span((seconds * 1000.0) as u64))))
}

fn key(server: &Server) -> Judged {
    let answer = server.api.seen("/api/sessions")?;
    let evidence = answer.evidence("200 and the list of sessions");
    match answer.done() {
        Err(Failure { kind: FailureKind::Denied, message, .. }) => {
            let remedy = "make a key of the role operator on the server's dashboard, and give it as the secret openwa-key";
            one(bad(message, remedy).seen(evidence))
        }
        Err(failure) => Err(failure),
        Ok(_) => one(ok("the key is accepted").seen(evidence)),
    }
}

fn sessions(server: &Server) -> Judged {
    let known = server.sessions()?;
    if known.is_empty() {
        return one(note("the server has no session", "create one on its dashboard"));
    }
    let mut findings = Vec::new();
    for told in &known {
        let ours = session(told, server.stuck_ms);
        if ours.state == State::Ready {
            continue;
        }
        let address = address(&told.name);
        let restart = ["restart", address.as_str()];
        let age = told.age_ms().map(|age_ms| format!(" for {}", span(age_ms))).unwrap_or_default();
        let trouble = ours.trouble.as_deref().map(|trouble| format!("; {trouble}")).unwrap_or_default();
        let summary = format!("the session {} is {}{age}{trouble}", told.name, told.told);
        let finding = match ours.state {
            State::Connecting if stuck(told, server.stuck_ms) => {
                bad(summary, "restart it; if it comes back like this, see whether the server reaches web.whatsapp.com")
                    .mended_by(&restart)
            }
            State::Connecting => note(summary, "wait; it is on its way"),
            State::AuthRequired => bad(summary, "link it again with its phone").mended_by(&["reauth", &address]),
            State::Stopped if told.told == "created" => {
                bad(summary, "start it, and link it with its phone").severe(Severity::Warning).mended_by(&["start", &address])
            }
            State::Stopped => bad(summary, "start it").mended_by(&["start", &address]),
            State::Reconnecting => {
                bad(summary, "the server connects it again by itself; restart it if it does not").mended_by(&restart)
            }
            _ if told.restriction.is_some() => {
                bad(summary, "wait until WhatsApp lifts it, and do not restart: that makes it worse")
            }
            _ if ours.reason == "stream_replaced" => {
                bad(summary, "end the other client of this session before you start it again")
            }
            _ => bad(summary, "restart it, and read the server's log").mended_by(&restart),
        };
        let observed = format!("status {}, engineLoaded {}", told.told, told.engine_loaded);
        let evidence = Evidence { subject: format!("GET /api/sessions: {}", told.id), expected: "status ready".into(), observed };
        findings.push(finding.about(&told.name).seen(evidence));
    }
    all(findings, || ok(format!("all {} sessions are ready", known.len())))
}

fn memory(server: &Server) -> Judged {
    let answer = server.api.seen("/api/sessions/stats/overview")?;
    let body = answer.done()?;
    let Some(resident_mb) = body["memoryUsage"]["rss"].as_f64() else {
        return Err(answer.strange("no memoryUsage.rss"));
    };
    let limit_mb = number("memory_max_mb", 0)?;
    if limit_mb == 0 {
        let summary = format!("the server uses {resident_mb} MB; how much it may use is not known here");
        return one(note(summary, "set memory_max_mb to the limit of its container"));
    }
    let percent = resident_mb * 100.0 / limit_mb as f64;
    let summary = format!("the server uses {resident_mb} MB of {limit_mb} MB, {percent:.0} %");
    let evidence = answer.evidence("memoryUsage.rss of 80 % of memory_max_mb or less");
    match percent {
        _ if percent > 95.0 => {
            one(bad(summary, "restart the server now, then raise its limit").severe(Severity::Error).seen(evidence))
        }
        _ if percent > 80.0 => {
            one(bad(summary, "restart the server, remove sessions that nobody uses, or raise its limit").seen(evidence))
        }
        _ => one(ok(summary).seen(evidence)),
    }
}

/// Deliveries that succeeded and that failed, where the server counts them: its queue does.
fn counted(server: &Server) -> Option<(u64, u64, Evidence)> {
    let answer = server.api.seen("/api/infra/status").ok()?;
    let queue = &answer.done().ok()?["queue"];
    let number = |name: &str| queue["webhooks"][name].as_u64().filter(|_| queue["enabled"] == true);
    let (done, failed) = (number("completed")?, number("failed")?);
    (done > 0 || failed > 0).then(|| (done, failed, answer.evidence("queue.webhooks.completed of 95 % or more")))
}

fn delivered(server: &Server) -> Judged {
    let hooks = webhooks(server)?;
    if hooks.is_empty() {
        return Ok(Judgement::Skipped("the server has no webhook".into()));
    }
    let window_ms = number("webhook_window_ms", 3_600_000)?;
    let (since_ms, within) = (clock::now_ms().saturating_sub(window_ms), span(window_ms));
    let recent: Vec<_> =
        failures(server)?.into_iter().filter(|failure| failure.at_ms.is_none_or(|at_ms| at_ms >= since_ms)).collect();
    let mut findings = Vec::new();
    let counted = counted(server);
    if let Some((done, failed, evidence)) = &counted {
        let all = done.saturating_add(*failed);
        let percent = *done as f64 * 100.0 / all as f64;
        if percent < 95.0 {
            let summary = format!(
                "{percent:.1} % of the {all} deliveries that the server's queue remembers succeeded, and {failed} failed"
            );
            let remedy = format!("see `wpp webhook failures {}`, and look at the receivers", config::name());
            findings.push(bad(summary, remedy).seen(evidence.clone()));
        }
    }
    // Of those whose receiver took something again, nobody knows how much: the list is of failures alone.
    let mut unknown = Vec::new();
    for hook in hooks.iter().filter(|hook| hook.enabled) {
        let of: Vec<_> = recent.iter().filter(|failure| failure.webhook == hook.id).collect();
        let Some(last) = of.iter().max_by_key(|failure| failure.at_ms) else { continue };
        let count = if recent.len() >= FAILURES_MAX { format!("{} or more", of.len()) } else { of.len().to_string() };
        let test = ["webhook", "test", &config::name(), &hook.id];
        let succeeded_ms = delivered_ms(server, &hook.id)?;
        if succeeded_ms.is_some_and(|at_ms| last.at_ms.is_some_and(|failed_ms| at_ms > failed_ms)) {
            let summary = format!("{count} deliveries to {} failed in {within}, and one succeeded after them", hook.url);
            match counted {
                Some(_) => findings.push(note(summary, "see what its receiver's log says of that time").mended_by(&test)),
                None => unknown.push(summary),
            }
            continue;
        }
        let summary = format!(
            "{count} deliveries to {} failed in {within} and none succeeded after them; the last one failed with: {}",
            hook.url, last.trouble
        );
        let remedy = "test it, then look at its receiver: does it answer, in time, with a valid certificate?";
        findings.push(bad(summary, remedy).mended_by(&test));
    }
    if findings.is_empty() && !unknown.is_empty() {
        let what = "; of what succeeded the server counts nothing without its queue, so that the share is not known";
        let hint = format!("see `wpp webhook failures {}`; a receiver's own log tells how much it took", config::name());
        return Err(failure(FailureKind::Unsupported, format!("{}{what}", unknown.join("; ")), hint));
    }
    for summary in unknown {
        findings.push(note(summary, "how many succeeded the server does not count without its queue: see its receiver's log"));
    }
    for hook in hooks.iter().filter(|hook| !hook.enabled) {
        let remedy = "turn it on when its receiver works again";
        findings.push(note(format!("the webhook to {} is off", hook.url), remedy).mended_by(&[
            "webhook",
            "enable",
            &config::name(),
            &hook.id,
        ]));
    }
    let on = hooks.iter().filter(|hook| hook.enabled).count();
    all(findings, || ok(format!("none of {on} webhooks had a failed delivery in {within}")))
}

fn version(server: &Server) -> Judged {
    let known = VERSIONS.join(", ");
    let evidence = server.api.seen("/api/health")?.evidence(&format!("version {known}"));
    match server.version()? {
        Some(version) if VERSIONS.contains(&version.as_str()) => {
            one(ok(format!("the server is OpenWA {version}")).seen(evidence))
        }
        Some(version) => {
            let summary = format!("the server is OpenWA {version}, and this plugin was tried with {known}");
            one(bad(summary, "look for a newer plugin; read the server's changes before you trust what it does").seen(evidence))
        }
        None => {
            let summary = "the server tells no version; it tells it only to those whose key it accepts";
            one(bad(summary, "give an accepted key as the secret openwa-key").seen(evidence))
        }
    }
}

fn endpoints(server: &Server) -> Judged {
    // Whether it is this server that answers, and to the key, its list of sessions tells.
    server.api.seen("/api/sessions")?.list()?;
    Ok(Judgement::Found(wpp_plugin_sdk::endpoints::findings(&crate::endpoints::look(server)?, "OpenWA")))
}
