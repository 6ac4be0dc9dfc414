//! The decision tree of its runbook, branch by branch, as checks.

use wpp_plugin_sdk::gateway::Checks;
use wpp_plugin_sdk::{Failure, FailureKind, Severity, Value, address, clock, config, flag, judge, moment_ms, number, span};

use crate::{Jarvis, STATUS, System, passed_on};

wpp_plugin_sdk::judgements!(gateway);

impl Checks for Jarvis {
    fn describe() -> Vec<Check> {
        described(ROWS)
    }

    fn run(only: Vec<String>) -> Vec<Outcome> {
        judged(ROWS, &only, System::configured())
    }
}

const ROWS: &[Row<System>] = &[
    Row {
        id: "service.alive",
        title: "the application answers",
        area: "service",
        severity: Severity::Critical,
        explain: "Asks /healthz. Start the application with `make api` or its systemd unit, and see `uv run jarvis doctor`.",
        runbook: "runbooks/jarvis-start.md",
        judge: alive,
    },
    Row {
        id: "service.ready",
        title: "the application is ready",
        area: "service",
        severity: Severity::Error,
        explain: "Asks /readyz once, and only with readyz = true: three answers in a row that it is not ready put Jarvis into lockdown, so that looking makes it worse. Mend its database and its providers first, then look again.",
        runbook: "runbooks/jarvis-restart.md",
        judge: ready,
    },
    Row {
        id: "channel.status",
        title: "the channel is enabled and its sidecar answers the application",
        area: "sessions",
        severity: Severity::Error,
        explain: "The first branch of the runbook: asks for the channel's status as an admin. evolution_api_disabled means that EVOLUTION_API_URL is not set; an error of the sidecar means that it cannot be reached or does not know the key in EVOLUTION_API_KEY.",
        runbook: "runbooks/jarvis-decision-tree.md",
        judge: status,
    },
    Row {
        id: "webhook.secret",
        title: "the sidecar's calls are let in",
        area: "webhooks",
        severity: Severity::Error,
        explain: "The second branch: calls that are answered 401 carry an X-WhatsApp-Secret that is not WHATSAPP_WEBHOOK_SECRET. Only the last error that Jarvis keeps of its callback tells of it; a call of our own would be a message.",
        runbook: "runbooks/jarvis-decision-tree.md",
        judge: secret,
    },
    Row {
        id: "inbound.callback",
        title: "the sidecar knows where to deliver messages",
        area: "messages",
        severity: Severity::Error,
        explain: "The third branch: no inbound messages appear unless the callback is enabled and configured and messages.upsert is among its events.",
        runbook: "runbooks/jarvis-decision-tree.md",
        judge: callback,
    },
    Row {
        id: "inbound.senders",
        title: "no sender waits to be let in",
        area: "messages",
        severity: Severity::Warning,
        explain: "The fourth branch: messages of a sender that is under review are accepted and not kept. Decide on each (allow or deny), or look at WHATSAPP_REVIEW_MODE and WHATSAPP_ALLOWED_SENDERS.",
        runbook: "runbooks/jarvis-decision-tree.md",
        judge: senders,
    },
    Row {
        id: "media.accepted",
        title: "media and voice notes come through",
        area: "messages",
        severity: Severity::Warning,
        explain: "The fifth branch: reads the events channel.inbound.degraded of the last day (media_window_ms) and names the setting that each reason code leads to.",
        runbook: "runbooks/jarvis-media.md",
        judge: media,
    },
    Row {
        id: "pairing.done",
        title: "the session is linked to its phone",
        area: "sessions",
        severity: Severity::Error,
        explain: "The sixth branch: asks the sidecar for the state of the session. When pairing is stuck, make the instance again and take a new QR or pairing code; when the sidecar cannot be reached, look at EVOLUTION_API_URL and EVOLUTION_API_KEY.",
        runbook: "runbooks/jarvis-decision-tree.md",
        judge: pairing,
    },
    Row {
        id: "runbook.endpoints",
        title: "what runbooks ask of the application exists",
        area: "runbooks",
        severity: Severity::Warning,
        explain: "Looks for each address that runbooks and the verbs of wpp ask of the application and of its sidecar. Those that read are asked, except /readyz, which is not safe to ask. Those that act are looked for in the application's list of itself (/openapi.json), and else by a GET of their path, which it answers with 405 and the method that it takes. The sidecar answers no question about what it only does: that is said to be unseen.",
        runbook: "runbooks/jarvis-deploy.md",
        judge: endpoints,
    },
];

fn alive(_: &System) -> Judged {
    let answer = match System::open()?.seen("/healthz") {
        Err(failure) if failure.kind == FailureKind::Unreachable => {
            return one(bad(failure.message, "start it with `make api` or its systemd unit; see `uv run jarvis doctor`"));
        }
        answer => answer?,
    };
    let evidence = answer.evidence("ok true");
    if !answer.accepted() || answer.json()?["ok"] == false {
        return one(bad(judge::told(&answer.complaint()), "read the application's log").seen(evidence));
    }
    if answer.done()?["ok"] == true { one(ok("the application answers").seen(evidence)) } else { Err(answer.strange("no ok")) }
}

fn ready(_: &System) -> Judged {
    if !flag("readyz", false)? {
        let why = "/readyz is not asked: three answers in a row that it is not ready put Jarvis into lockdown; set readyz = true to ask it once in a run";
        return Ok(Judgement::Skipped(why.into()));
    }
    let answer = System::open()?.seen("/readyz")?;
    let evidence = answer.evidence("200, ok true");
    if !matches!(answer.status, 200 | 503) {
        return Err(answer.complaint());
    }
    let body = answer.json()?;
    let shape = body["db"] != Value::Null || body["providers"] != Value::Null || body["ok"] == true;
    match body["ok"].as_bool() {
        Some(true) if answer.status == 200 => one(ok("the application is ready").seen(evidence)),
        Some(false) if shape => {
            let summary = format!("the application is not ready: db {}, providers {}", body["db"], body["providers"]);
            one(bad(summary, "mend what is not true, and do not ask again before: the third time locks it down").seen(evidence))
        }
        Some(false) => Err(answer.complaint()),
        _ => Err(answer.strange("no ok")),
    }
}

fn status(system: &System) -> Judged {
    let answer = system.app.seen(STATUS)?;
    let evidence = answer.evidence("enabled true, and a status_code below 400");
    match system.status() {
        Err(Failure { kind: FailureKind::Denied, message, .. }) => {
            one(bad(message, "give the token of an admin as the secret jarvis-token").seen(evidence))
        }
        Err(failure) => Err(failure),
        Ok(body) => match passed_on(&body, STATUS) {
            Ok(()) => one(ok("the channel is enabled, and its sidecar answers").seen(evidence)),
            Err(failure) => one(bad(failure.message, failure.hint).seen(evidence)),
        },
    }
}

/// The callback as the application tells it; `None` when the channel is not enabled.
fn told_callback(system: &System) -> Result<Option<(Value, Value)>, Failure> {
    let body = system.status()?;
    Ok((body["enabled"] == true).then(|| (body["callback"].clone(), body["instance_state"].clone())))
}

fn not_enabled() -> Judged {
    Ok(Judgement::Skipped(format!("the channel is not enabled: see the check {}.channel.status", config::name())))
}

fn secret(system: &System) -> Judged {
    let Some((callback, state)) = told_callback(system)? else { return not_enabled() };
    let errors = [callback["error"].as_str(), state["callback_last_error"].as_str()];
    let refused = |error: &&str| error.contains("401") || error.to_ascii_lowercase().contains("unauthorized");
    if let Some(error) = errors.into_iter().flatten().find(refused) {
        let remedy = "make X-WhatsApp-Secret of the sidecar's webhook the same as WHATSAPP_WEBHOOK_SECRET of Jarvis";
        return one(
            bad(format!("calls of the sidecar are refused: {error}"), remedy).seen(system.app.seen(STATUS)?.evidence("no 401"))
        );
    }
    Ok(Judgement::Skipped("that calls carry the right secret is seen only when one is refused, and none is told of".into()))
}

fn callback(system: &System) -> Judged {
    let Some((callback, _)) = told_callback(system)? else { return not_enabled() };
    let evidence =
        system.app.seen(STATUS)?.evidence("callback.enabled and callback.configured true, messages.upsert among its events");
    let mut findings = Vec::new();
    match (callback["enabled"].as_bool(), callback["configured"].as_bool()) {
        (Some(false), _) => findings.push(bad(
            "the callback is not enabled: no message comes in",
            "enable the webhook in the settings of Jarvis, and restart its API",
        )),
        (Some(true), Some(false)) => {
            let why = callback["error"].as_str().filter(|why| !why.is_empty()).unwrap_or("no reason is told");
            let summary = format!("the sidecar did not take the callback: {why}");
            findings.push(bad(summary, "see whether the sidecar runs, and EVOLUTION_API_URL and EVOLUTION_API_KEY of Jarvis"));
        }
        (Some(true), Some(true)) => {}
        _ => return Err(system.app.seen(STATUS)?.strange("no word of the callback")),
    }
    let upsert =
        |event: &Value| event.as_str().is_some_and(|event| event.to_ascii_lowercase().replace('_', ".") == "messages.upsert");
    if callback["enabled"] == true && !callback["events"].as_array().is_some_and(|events| events.iter().any(upsert)) {
        findings.push(bad(
            "messages.upsert is not among the events of the callback: no message comes in",
            "add it to the events of the webhook",
        ));
    }
    all(findings.into_iter().map(|finding| finding.seen(evidence.clone())).collect(), || {
        ok("the callback is configured, with messages.upsert").seen(evidence.clone())
    })
}

fn senders(system: &System) -> Judged {
    let answer = system.app.seen("/api/v1/channels/whatsapp/review-queue?status=open&limit=50")?;
    let body = answer.done()?;
    let evidence = answer.evidence("count 0");
    match body["count"].as_u64() {
        Some(0) => one(ok("no sender waits to be let in").seen(evidence)),
        Some(count) => {
            let count = if count >= 50 { "50 or more".into() } else { count.to_string() };
            let summary = format!("{count} messages wait for a decision on their senders, and are not kept until then");
            one(bad(summary, "allow or deny each under /admin/channels; see WHATSAPP_REVIEW_MODE and WHATSAPP_ALLOWED_SENDERS")
                .seen(evidence))
        }
        None => Err(answer.strange("no count")),
    }
}

/// Why a message came in degraded, and what to look at.
const REASONS: &[(&str, &str)] = &[
    ("media_url_invalid", "look at what the sidecar gives as the media's address"),
    ("media_host_denied", "add the host to WHATSAPP_MEDIA_ALLOWED_HOSTS if it may be asked"),
    ("media_mime_denied", "add the type to WHATSAPP_MEDIA_ALLOWED_MIME_PREFIXES if it may come in"),
    ("media_size_exceeded", "raise WHATSAPP_MEDIA_MAX_BYTES if such sizes may come in"),
    ("media_path_unsafe", "make WHATSAPP_MEDIA_DIR a folder of its own that Jarvis can write to"),
    ("media_download_failed", "see whether Jarvis reaches the media's host, and whether the disk has room"),
    ("voice_transcription_backend_unavailable", "install the backend in WHATSAPP_VOICE_TRANSCRIBE_BACKEND, and its model"),
    ("voice_transcription_timeout", "raise WHATSAPP_VOICE_TRANSCRIBE_TIMEOUT_SECONDS, or take a smaller WHATSAPP_VOICE_MODEL"),
    ("voice_transcription_failed", "read the log of the backend of transcriptions"),
];

fn media(system: &System) -> Judged {
    let window_ms = number("media_window_ms", 86_400_000)?;
    let since_ms = clock::now_ms().saturating_sub(window_ms);
    let answer = system.app.seen("/api/v1/events?event_type=channel.inbound.degraded&limit=200")?;
    let body = answer.done()?;
    let Some(events) = body["items"].as_array() else { return Err(answer.strange("no items")) };
    let recent: Vec<String> = events
        .iter()
        .filter(|event| moment_ms(&event["created_at"]).is_none_or(|at_ms| at_ms >= since_ms))
        .map(|event| event["payload"].to_string())
        .collect();
    let mut findings = Vec::new();
    let mut explained = 0;
    for (reason, remedy) in REASONS {
        // In quotes, for one is the beginning of no other then.
        let count = recent.iter().filter(|payload| payload.contains(&format!("\"{reason}\""))).count();
        explained += count;
        if count > 0 {
            findings.push(bad(format!("{count} messages came in degraded within {}: {reason}", span(window_ms)), *remedy));
        }
    }
    if explained == 0 && !recent.is_empty() {
        let summary =
            format!("{} messages came in degraded within {}, for reasons that are not known here", recent.len(), span(window_ms));
        findings.push(bad(summary, "look at the events channel.inbound.degraded"));
    }
    all(findings, || ok(format!("no message came in degraded within {}", span(window_ms))))
}

fn pairing(system: &System) -> Judged {
    let address = address(&system.instance);
    let state = match system.state() {
        Err(failure) if failure.kind == FailureKind::Unreachable && system.sidecar.is_some() => {
            let remedy = "start the sidecar; EVOLUTION_API_URL of Jarvis and sidecar_url here have to lead to it";
            return one(bad(failure.message, remedy).about(&system.instance));
        }
        state => state?,
    };
    let summary = format!("the session {} is {state}", system.instance);
    let finding = match state.as_str() {
        "open" => ok(summary),
        "qr" => bad(summary, "scan its QR code, or take a pairing code").mended_by(&["reauth", &address]),
        "connecting" => note(summary, "wait, and look again"),
        _ => {
            let remedy = "start it; when it shows a QR code then, it has lost its phone and has to be linked again";
            bad(summary, remedy).mended_by(&["start", &address])
        }
    };
    one(finding.about(&system.instance))
}

fn endpoints(system: &System) -> Judged {
    // Whether it is the application that answers, and to the token, the body tells.
    system.app.seen(STATUS)?.done().map_err(|failure| Failure {
        hint: config::get("url").map(|url| format!("see whether {url} is Jarvis; {}", failure.hint)).unwrap_or_default(),
        ..failure
    })?;
    Ok(Judgement::Found(wpp_plugin_sdk::endpoints::findings(&crate::endpoints::look(system)?, "Jarvis")))
}
