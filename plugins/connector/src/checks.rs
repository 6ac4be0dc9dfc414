//! What its runbook and its thresholds ask, as checks of one look at `/health`.

use wpp_plugin_sdk::endpoints::{self, Endpoint, Framework};
use wpp_plugin_sdk::gateway::Checks;
use wpp_plugin_sdk::{Api, Failure, FailureKind, Severity, address, clock, config, span};

use crate::health::Health;
use crate::{Connector, count, versions, with_token};

wpp_plugin_sdk::judgements!(gateway);

impl Checks for Connector {
    fn describe() -> Vec<Check> {
        described(ROWS)
    }

    fn run(only: Vec<String>) -> Vec<Outcome> {
        judged(ROWS, &only, Api::configured())
    }
}

const ROWS: &[Row<Api>] = &[
    Row {
        id: "service.alive",
        title: "the service answers",
        area: "service",
        severity: Severity::Critical,
        explain: "Asks /health. An answer of 500 means that it cannot read Firestore: look at its credentials (FIREBASE_SERVICE_ACCOUNT_JSON, or FIREBASE_PROJECT_ID, FIREBASE_CLIENT_EMAIL and FIREBASE_PRIVATE_KEY).",
        runbook: "runbooks/connector-health.md",
        judge: alive,
    },
    Row {
        id: "service.healthy",
        title: "the service calls itself healthy",
        area: "service",
        severity: Severity::Error,
        explain: "Judges `healthy`, and not `ok`, which stays true while accounts are dead. The other checks say which threshold was passed.",
        runbook: "runbooks/connector-health.md",
        judge: healthy,
    },
    Row {
        id: "accounts.connected",
        title: "every account is connected",
        area: "sessions",
        severity: Severity::Error,
        explain: "Judges the status of each account. Typically it goes from disconnected or connecting to qr_ready and connected. A QR code that never appears means that the connector cannot write to Firestore, or not to its volume: look for connection_update_error in its log.",
        runbook: "runbooks/connector-qr-missing.md",
        judge: connected,
    },
    Row {
        id: "accounts.heartbeat",
        title: "connected accounts were seen within a minute",
        area: "sessions",
        severity: Severity::Error,
        explain: "An account that is connected and was not seen for 60 s (heartbeatStaleSec) is a dead socket, or its instance is gone; one that is connected and without events for ten minutes (eventStaleSec) may be one, too.",
        runbook: "runbooks/connector-heartbeat.md",
        judge: heartbeat,
    },
    Row {
        id: "accounts.reconnects",
        title: "accounts do not connect again and again",
        area: "sessions",
        severity: Severity::Warning,
        explain: "More reconnects within an hour than reconnectsPerHourWarn: two instances that use one account (look at the leases, SHARD_COUNT and SHARD_INDEX), or a bad network.",
        runbook: "runbooks/connector-heartbeat.md",
        judge: reconnects,
    },
    Row {
        id: "accounts.leases",
        title: "each account that runs has a lease",
        area: "sessions",
        severity: Severity::Error,
        explain: "A lease that has run out means that nobody keeps the account: its instance is gone and no other has taken it (SHARD_COUNT and SHARD_INDEX may leave an account to nobody). An account that runs here while another instance has its lease is used twice, and they throw each other out.",
        runbook: "runbooks/connector-heartbeat.md",
        judge: leases,
    },
    Row {
        id: "outbox.backlog",
        title: "the outbox is short",
        area: "messages",
        severity: Severity::Warning,
        explain: "More messages wait than outboxBacklogWarn: their account is not connected, or the sends fail (cooldown).",
        runbook: "runbooks/connector-health.md",
        judge: backlog,
    },
    Row {
        id: "ingest.lag",
        title: "what comes in is taken in without delay",
        area: "messages",
        severity: Severity::Warning,
        explain: "The oldest message in whatsapp_ingest that was not processed is older than ingestLagWarnSec: the processor stands still. Look for ingest_loop_crash in the log, and restart the service; nothing is lost, for what came in was written down first.",
        runbook: "runbooks/connector-ingest.md",
        judge: lag,
    },
    Row {
        id: "volume.persistent",
        title: "sessions survive a restart of the service",
        area: "host",
        severity: Severity::Warning,
        explain: "Accounts that ask for a QR code right after the service started have lost their folder: SESSIONS_PATH is not on a volume that stays (the runbook wants /data/.baileys_auth on a volume at /data).",
        runbook: "runbooks/connector-volume.md",
        judge: volume,
    },
    Row {
        id: "server.version",
        title: "the service's version is known",
        area: "service",
        severity: Severity::Warning,
        explain: "Compares the version with the setting versions. Nobody has recorded this service, so without the setting every version is as good as another.",
        runbook: "runbooks/connector-environment.md",
        judge: version,
    },
    Row {
        id: "environment.seen",
        title: "what shows of the service's environment is as it should be",
        area: "host",
        severity: Severity::Warning,
        explain: "The service's API tells no variable of its environment: neither PORT, SESSIONS_PATH, MAX_ACCOUNTS, LEASE_MS and SHARD_COUNT, nor its credentials. Judged is what shows of some: that Firestore can be read (FIREBASE_SERVICE_ACCOUNT_JSON or its three parts), and that each threshold in /health is a number above 0, for a variable that is empty counts as 0 and calls everything too much. SESSIONS_PATH shows in the check volume.persistent, and shards in accounts.leases; look at the rest where the service is deployed.",
        runbook: "runbooks/connector-environment.md",
        judge: environment,
    },
    Row {
        id: "runbook.endpoints",
        title: "what the runbook asks of the service exists",
        area: "runbooks",
        severity: Severity::Warning,
        explain: "Asks for /health, and for the fields of it that runbooks read. The other addresses act. Of those with a name in them only the path is asked, with a name that cannot be decoded: a server made with Express answers 400 where it has the path and 404 where not, and nothing of it runs. POST /api/accounts and POST /api/send have no such name: whether they exist is seen only by adding an account or sending a message.",
        runbook: "runbooks/connector-health.md",
        judge: asked,
    },
];

fn alive(api: &Api) -> Judged {
    match Health::seen(api) {
        Err(failure) if failure.kind == FailureKind::Unreachable => {
            one(bad(failure.message, "see whether its deployment runs, and its log"))
        }
        Err(failure) if failure.kind == FailureKind::Failed => {
            let evidence = api.seen("/health")?.evidence("200, ok true");
            one(bad(failure.message, "look at its credentials for Firestore, and at its log").seen(evidence))
        }
        health => one(ok("the service answers").seen(health?.answer.evidence("200, ok true"))),
    }
}

fn healthy(api: &Api) -> Judged {
    let health = Health::seen(api)?;
    let evidence = health.answer.evidence("healthy true");
    if health.healthy {
        return one(ok("the service calls itself healthy").seen(evidence));
    }
    one(bad("the service answers and is not healthy", "see the other checks of the connector").seen(evidence))
}

fn connected(api: &Api) -> Judged {
    let health = Health::seen(api)?;
    if health.accounts.is_empty() {
        return one(note("the connector has no account", "add one under WhatsApp, Accounts"));
    }
    let mut findings = Vec::new();
    for account in health.accounts.iter().filter(|account| account.status != "connected" || account.degraded) {
        let address = address(&account.id);
        let summary = match account.degraded {
            true => format!("the account {} is {} and degraded", account.id, account.status),
            false => format!("the account {} is {}", account.id, account.status),
        };
        let finding = match account.status.as_str() {
            "connecting" | "reconnecting" => note(summary, "wait, and look again"),
            "qr_ready" | "needs_qr" => bad(summary, "scan its QR code").mended_by(&["reauth", &address]),
            "connected" => {
                bad(summary, format!("see the check {}.accounts.heartbeat, and its alerts in whatsapp_alerts", config::name()))
            }
            _ => bad(summary, "see whether desiredState in whatsapp_accounts is connected, and the connector's log"),
        };
        findings.push(finding.about(&account.id).seen(health.answer.evidence("status connected, degraded false")));
    }
    all(findings, || ok(format!("all {} accounts are connected", health.accounts.len())))
}

fn heartbeat(api: &Api) -> Judged {
    let health = Health::seen(api)?;
    let limits = &health.thresholds;
    let mut findings = Vec::new();
    for account in health.accounts.iter().filter(|account| account.status == "connected") {
        if account.heartbeat_late {
            let summary = match account.heartbeat_age_sec {
                Some(age) => {
                    format!("the account {} is connected and was last seen {} ago", account.id, span(age.saturating_mul(1000)))
                }
                None => format!("the account {} is connected and was never seen", account.id),
            };
            findings.push(bad(summary, "restart the service; nothing but its word says that it is connected").about(&account.id));
        } else if let Some(age) = account.event_age_sec.filter(|age| *age > limits.event_sec) {
            let summary = format!("the account {} had no event for {}", account.id, span(age.saturating_mul(1000)));
            findings.push(
                bad(summary, "send it a message; if none comes in, restart the service")
                    .severe(Severity::Warning)
                    .about(&account.id),
            );
        }
    }
    let evidence = health.answer.evidence(&format!("heartbeatAgeSec of {} or less", limits.heartbeat_sec));
    all(findings.into_iter().map(|finding| finding.seen(evidence.clone())).collect(), || {
        ok("all connected accounts were seen of late").seen(evidence.clone())
    })
}

fn reconnects(api: &Api) -> Judged {
    let health = Health::seen(api)?;
    let most = health.thresholds.reconnects_per_hour;
    let many = health.accounts.iter().filter(|account| account.reconnects_per_hour > most);
    let findings = many.map(|account| {
        let summary = format!("the account {} connected {} times within an hour", account.id, account.reconnects_per_hour);
        let remedy = "see whether two instances use it: its lease, SHARD_COUNT and SHARD_INDEX";
        bad(summary, remedy).about(&account.id).seen(health.answer.evidence(&format!("reconnectsPerHour of {most} or less")))
    });
    all(findings.collect(), || ok(format!("no account connected more than {most} times within an hour")))
}

fn leases(api: &Api) -> Judged {
    let health = Health::seen(api)?;
    let now_ms = clock::now_ms();
    let mut findings = Vec::new();
    for account in &health.accounts {
        let here = health.running.as_ref().is_some_and(|running| running.contains(&account.id));
        let lease = health.leases.iter().find(|lease| lease.account == account.id);
        let finding = match lease {
            None if here || account.status == "connected" => Some(bad(
                format!("the account {} is {} and nobody has its lease", account.id, account.status),
                "restart the service; see lease_lost in its log",
            )),
            None => None,
            Some(lease) => match (&lease.owner, &health.instance, lease.until_ms) {
                (Some(owner), Some(instance), _) if here && owner != instance => Some(
                    bad(
                        format!(
                            "the account {} runs here, on {instance}, and {owner} has its lease: it is used twice",
                            account.id
                        ),
                        "stop one of the two; see SHARD_COUNT and SHARD_INDEX",
                    )
                    .severe(Severity::Critical),
                ),
                (_, _, Some(until_ms)) if until_ms < now_ms => {
                    let ago = span(now_ms - until_ms);
                    let summary = format!("the lease of the account {} ran out {ago} ago, and nobody has taken it", account.id);
                    Some(bad(summary, "see whether its instance runs, and whether a shard is left to nobody"))
                }
                _ => None,
            },
        };
        findings.extend(finding.map(|finding| {
            finding.about(&account.id).seen(health.answer.evidence("a lease that holds, of the instance that runs it"))
        }));
    }
    all(findings, || ok("each account that runs has a lease that holds"))
}

fn backlog(api: &Api) -> Judged {
    let health = Health::seen(api)?;
    let most = health.thresholds.backlog;
    let Some(all_waiting) =
        health.backlog.or_else(|| health.accounts.iter().map(|account| account.backlog).reduce(u64::saturating_add))
    else {
        return Ok(Judgement::Skipped("the connector has no account".into()));
    };
    let evidence = health.answer.evidence(&format!("outboxBacklog of {most} or less"));
    if all_waiting <= most {
        return one(ok(format!("{all_waiting} messages wait to be sent")).seen(evidence));
    }
    let worst = health.accounts.iter().max_by_key(|account| account.backlog).filter(|account| account.backlog > 0);
    let of = worst.map(|account| format!(", {} of them for {}", account.backlog, account.id)).unwrap_or_default();
    one(bad(format!("{all_waiting} messages wait to be sent{of}"), "see whether that account is connected, or in cooldown")
        .seen(evidence))
}

fn lag(api: &Api) -> Judged {
    let health = Health::seen(api)?;
    let most = health.thresholds.ingest_lag_sec;
    let seconds = health.ingest_lag_sec.or_else(|| health.accounts.iter().filter_map(|account| account.ingest_lag_sec).max());
    let evidence = health.answer.evidence(&format!("ingestLagSec of {most} or less"));
    match seconds {
        Some(seconds) if seconds > most => {
            let summary = format!("what came in waits for {}", span(seconds.saturating_mul(1000)));
            one(bad(summary, "restart the service; what came in was written down and is not lost").seen(evidence))
        }
        Some(seconds) => one(ok(format!("what came in waits for {seconds} s at most")).seen(evidence)),
        None => one(ok("nothing that came in waits").seen(evidence)),
    }
}

fn volume(api: &Api) -> Judged {
    const YOUNG_SEC: u64 = 900;
    let health = Health::seen(api)?;
    let Some(uptime_sec) = health.uptime_sec else {
        return Ok(Judgement::Skipped("the service does not tell for how long it runs".into()));
    };
    if uptime_sec > YOUNG_SEC {
        let why = format!(
            "the service runs for {}: what a restart loses is seen right after one",
            span(uptime_sec.saturating_mul(1000))
        );
        return Ok(Judgement::Skipped(why));
    }
    // A heartbeat tells that it was linked before.
    let lost: Vec<&str> = health
        .accounts
        .iter()
        .filter(|account| ["qr_ready", "needs_qr"].contains(&account.status.as_str()))
        .filter(|account| account.event_age_sec.is_some_and(|age| age > uptime_sec))
        .map(|account| account.id.as_str())
        .collect();
    if lost.is_empty() {
        return one(ok(format!(
            "the service started {} ago, and no account has lost its session",
            span(uptime_sec.saturating_mul(1000))
        )));
    }
    let summary = format!(
        "the service started {} ago, and {} ask for a QR code though they were linked before",
        span(uptime_sec.saturating_mul(1000)),
        lost.join(", ")
    );
    one(bad(summary, "mount a volume that stays at /data, and set SESSIONS_PATH=/data/.baileys_auth")
        .seen(health.answer.evidence("accounts that connect again after a restart")))
}

fn version(api: &Api) -> Judged {
    let health: Result<Health, Failure> = Health::seen(api);
    let health = health?;
    let known = versions();
    match health.version {
        _ if known.is_empty() => {
            let told = health.version.unwrap_or_else(|| "no version".into());
            one(note(format!("the service tells {told}"), "set `versions` to have another one reported"))
        }
        Some(version) if known.contains(&version) => one(ok(format!("the service is version {version}"))),
        Some(version) => one(bad(
            format!("the service is version {version}, and not {}", known.join(" or ")),
            "read what has changed, then add it to `versions`",
        )),
        None => one(bad("the service tells no version", "see whether this is the connector")),
    }
}

/// Thresholds in `/health`, and the variables that set them.
const THRESHOLDS: &[(&str, &str)] = &[
    ("eventStaleSec", "EVENT_STALE_SEC"),
    ("ingestLagWarnSec", "INGEST_LAG_WARN_SEC"),
    ("outboxBacklogWarn", "OUTBOX_BACKLOG_WARN"),
    ("reconnectsPerHourWarn", "RECONNECTS_PER_HOUR_WARN"),
    ("outboxFailureRateWarn", "OUTBOX_FAILURES_PER_HOUR_WARN"),
    ("mediaFailureRateWarn", "MEDIA_FAILURES_PER_HOUR_WARN"),
];

fn environment(api: &Api) -> Judged {
    let health = match Health::seen(api) {
        // It answers 500 when Firestore does not let it read.
        Err(failure) if failure.kind == FailureKind::Failed => {
            let evidence = api.seen("/health")?.evidence("200");
            let remedy =
                "set FIREBASE_SERVICE_ACCOUNT_JSON, or FIREBASE_PROJECT_ID, FIREBASE_CLIENT_EMAIL and FIREBASE_PRIVATE_KEY";
            let summary = format!("the service cannot read Firestore: {}", failure.message);
            return one(bad(summary, remedy).severe(Severity::Error).seen(evidence));
        }
        health => health?,
    };
    let told = health.answer.json()?["thresholds"].clone();
    let mut findings = Vec::new();
    for (threshold, variable) in THRESHOLDS {
        let summary = match count(&told[*threshold]) {
            Some(0) => format!("the threshold {threshold} is 0: everything is too much for it"),
            Some(_) => continue,
            None => format!("the service tells no threshold {threshold}"),
        };
        let remedy = format!("give the variable {variable} of the service a number above 0, or take it away");
        findings.push(bad(summary, remedy).seen(health.answer.evidence(&format!("thresholds.{threshold} above 0"))));
    }
    all(findings, || ok("Firestore can be read, and each threshold is above 0; the service tells no more of its environment"))
}

fn asked(api: &Api) -> Judged {
    let answer = api.seen("/health")?;
    let evidence = answer.evidence("200, with ok, and accounts with status and lastSeenAt");
    if answer.status == 404 {
        return one(
            bad("this server has no /health, which the runbook reads", "see whether this is the connector").seen(evidence)
        );
    }
    let body = answer.done()?;
    let mut missing: Vec<&str> = ["ok", "accounts"].into_iter().filter(|field| body.get(field).is_none()).collect();
    let accounts = body["accounts"].as_array();
    for field in ["status", "lastSeenAt"] {
        if accounts.into_iter().flatten().any(|account| account.get(field).is_none()) {
            missing.push(field);
        }
    }
    let mut findings = Vec::new();
    if !missing.is_empty() {
        let summary = format!("/health does not tell {}, which the runbook reads", missing.join(", "));
        findings.push(bad(summary, "see whether the service is older or newer than its runbook").seen(evidence));
    }
    findings.extend(endpoints::findings(&look()?, "the connector"));
    Ok(Judgement::Found(findings))
}

/// The addresses that runbooks and this plugin ask of the service. Which runbook asks what is read from the
/// runbooks by a test, and compared with what is here.
const ENDPOINTS: &[Endpoint] = &[
    Endpoint::reads("/health", ""),
    Endpoint::acts("POST", "/api/accounts"),
    Endpoint::acts("DELETE", "/api/accounts/*"),
    Endpoint::acts("POST", "/api/accounts/*/regenerate-qr"),
    Endpoint::acts("POST", "/api/send"),
    Endpoint::acts("POST", "/api/threads/*/transfer-owner"),
];

// Without a token the service may refuse before it looks for anything; the rest is seen without one, too.
fn look() -> Result<Vec<endpoints::Seen<'static>>, Failure> {
    let framework = Framework::Express { never: "/api/wpp-asks-nothing/*" };
    let look = |api: &Api| endpoints::Server { api, framework, nobody: "wpp-asks-for-nobody" }.look(ENDPOINTS);
    match look(&with_token()?) {
        Err(failure) if failure.kind == FailureKind::Denied => look(&Api::configured()?),
        seen => seen,
    }
}
