//! What `/health` tells, as it is. Start with [`Health::seen`].

use wpp_plugin_sdk::{Answer, Api, Failure, Value, moment_ms};

use crate::count;

/// All that the service says of itself.
pub struct Health {
    pub answer: Answer,
    pub healthy: bool,
    pub version: Option<String>,
    pub instance: Option<String>,
    pub uptime_sec: Option<u64>,
    pub running: Option<Vec<String>>,
    pub accounts: Vec<Account>,
    pub leases: Vec<Lease>,
    pub thresholds: Thresholds,
    pub backlog: Option<u64>,
    pub ingest_lag_sec: Option<u64>,
}

/// An account.
pub struct Account {
    pub id: String,
    /// `connecting`, `qr_ready`, `connected`, `disconnected`, `reconnecting`, `needs_qr` or `error`.
    pub status: String,
    pub heartbeat_age_sec: Option<u64>,
    /// Whether it is connected and was not seen for too long.
    pub heartbeat_late: bool,
    pub event_age_sec: Option<u64>,
    pub degraded: bool,
    pub reconnects_per_hour: u64,
    pub backlog: u64,
    pub ingest_lag_sec: Option<u64>,
}

/// Which instance has an account, and until when.
pub struct Lease {
    pub account: String,
    pub owner: Option<String>,
    pub until_ms: Option<u64>,
}

/// From where on something is too much.
pub struct Thresholds {
    pub heartbeat_sec: u64,
    pub event_sec: u64,
    pub ingest_lag_sec: u64,
    pub backlog: u64,
    pub reconnects_per_hour: u64,
}

impl Health {
    pub fn seen(api: &Api) -> Result<Health, Failure> {
        let answer = api.seen("/health")?;
        let body = answer.done()?;
        match read(&answer, &body) {
            Some(health) => Ok(health),
            None => Err(answer.strange("no healthy and accounts")),
        }
    }
}

fn read(answer: &Answer, body: &Value) -> Option<Health> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let limits = &body["thresholds"];
    let thresholds = Thresholds {
        heartbeat_sec: count(&limits["heartbeatStaleSec"]).unwrap_or(60),
        event_sec: count(&limits["eventStaleSec"]).unwrap_or(600),
        ingest_lag_sec: count(&limits["ingestLagWarnSec"]).unwrap_or(120),
        backlog: count(&limits["outboxBacklogWarn"]).unwrap_or(100),
        reconnects_per_hour: count(&limits["reconnectsPerHourWarn"]).unwrap_or(10),
    };
    let account = |value: &Value| {
        let status = text(&value["status"]).unwrap_or_else(|| "unknown".into());
        let heartbeat_age_sec = count(&value["heartbeatAgeSec"]);
        Some(Account {
            id: text(&value["accountId"])?,
            heartbeat_late: status == "connected" && heartbeat_age_sec.is_none_or(|age| age > thresholds.heartbeat_sec),
            status,
            heartbeat_age_sec,
            event_age_sec: count(&value["eventAgeSec"]),
            degraded: value["degraded"] == true,
            reconnects_per_hour: count(&value["reconnectsPerHour"]).unwrap_or(0),
            backlog: count(&value["outboxBacklogCount"]).unwrap_or(0),
            ingest_lag_sec: count(&value["ingestLagSec"]),
        })
    };
    let lease = |value: &Value| {
        Some(Lease {
            account: text(&value["accountId"])?,
            owner: text(&value["ownerInstanceId"]),
            until_ms: moment_ms(&value["leaseUntil"]),
        })
    };
    Some(Health {
        answer: answer.clone(),
        healthy: body["healthy"].as_bool()?,
        version: text(&body["version"]),
        instance: text(&body["instanceId"]),
        uptime_sec: count(&body["uptimeSec"]),
        running: body["runningAccounts"].as_array().map(|running| running.iter().filter_map(text).collect()),
        accounts: body["accounts"].as_array()?.iter().map(account).collect::<Option<_>>()?,
        leases: body["leases"].as_array().into_iter().flatten().map(lease).collect::<Option<_>>()?,
        backlog: count(&body["outboxBacklog"]),
        ingest_lag_sec: count(&body["ingestLagSec"]),
        thresholds,
    })
}
