//! The runbooks of the Firebase connector, run against its double: each passes, and deviates when one
//! thing is broken.

use serde_json::json;

use crate::doubles::Connector;
use crate::gateway_verbs::Bench;
use crate::runbook_stage::{Ran, Stage};

const TOKEN: &str = "connector-token-for-tests";

fn connector() -> Bench<Connector> {
    Bench::new("connector", "", Some(("connector-token", TOKEN)), Connector::well())
}

/// One row: a runbook, what it is told beside the address, what is so beforehand, and what is broken.
struct Row {
    id: &'static str,
    told: &'static [(&'static str, &'static str)],
    secrets: &'static [(&'static str, &'static str)],
    well: fn(&mut Connector),
    broken: fn(&mut Connector),
    /// Whether it is broken so that nothing is begun.
    skipped: bool,
}

const ROWS: &[Row] = &[
    Row {
        id: "connector-environment",
        told: &[],
        secrets: &[],
        well: |_| {},
        // An empty variable counts as 0.
        broken: |connector| connector.health["thresholds"]["ingestLagWarnSec"] = json!(0),
        skipped: false,
    },
    Row {
        id: "connector-volume",
        told: &[("account", "wa_1")],
        secrets: &[],
        well: |connector| connector.health["uptimeSec"] = json!(30),
        // It was not restarted at all.
        broken: |connector| connector.health["uptimeSec"] = json!(86_400),
        skipped: false,
    },
    Row {
        id: "connector-volume",
        told: &[("account", "wa_1")],
        secrets: &[],
        well: |connector| connector.health["uptimeSec"] = json!(30),
        broken: |connector| connector.health["accounts"][0]["status"] = json!("needs_qr"),
        skipped: true,
    },
    Row {
        id: "connector-connect-account",
        told: &[("name", "Account 2"), ("phone", "+15550100042")],
        secrets: &[("token", TOKEN)],
        well: |_| {},
        // No code ever appears; the account is paused again.
        broken: |connector| connector.becomes = "error",
        skipped: false,
    },
    Row {
        id: "connector-health",
        told: &[],
        secrets: &[],
        well: |_| {},
        // `ok` stays true.
        broken: |connector| connector.health["healthy"] = json!(false),
        skipped: false,
    },
    Row {
        id: "connector-permissions",
        told: &[("account", "wa_1"), ("chat", "15550100042@s.whatsapp.net")],
        secrets: &[("owner_token", TOKEN), ("other_token", "other-token-for-tests")],
        well: |_| {},
        broken: |connector| connector.owners_only = false,
        skipped: false,
    },
    Row {
        id: "connector-ingest",
        told: &[("account", "wa_1")],
        secrets: &[],
        well: |_| {},
        broken: |connector| connector.health["ingestLagSec"] = json!(999),
        skipped: false,
    },
    Row {
        id: "connector-qr-missing",
        told: &[("account", "wa_1")],
        secrets: &[],
        well: |connector| connector.health["accounts"][0]["status"] = json!("qr_ready"),
        broken: |connector| connector.health["accounts"][0]["status"] = json!("error"),
        skipped: false,
    },
    Row {
        id: "connector-heartbeat",
        told: &[("account", "wa_1")],
        secrets: &[],
        well: |_| {},
        broken: |connector| {
            connector.health["accounts"][0]["heartbeatAgeSec"] = json!(300);
            connector.health["accounts"][0]["degraded"] = json!(true);
            connector.health["healthy"] = json!(false);
        },
        skipped: false,
    },
];

fn stage<'a>(row: &Row, bench: &Bench<Connector>) -> Stage<'a> {
    let stage = Stage::default().set("url", bench.double.url());
    let stage = row.told.iter().fold(stage, |stage, (name, value)| stage.set(name, *value));
    row.secrets.iter().fold(stage, |stage, (name, value)| stage.secret(name, value))
}

#[test]
fn each_passes_on_a_connector_that_is_well() {
    for row in ROWS {
        let bench = connector();
        (row.well)(&mut bench.double.state());
        stage(row, &bench).run(&bench.home, row.id).passes(row.id);
    }
}

#[test]
fn each_deviates_when_one_thing_is_broken() {
    for row in ROWS {
        let bench = connector();
        (row.well)(&mut bench.double.state());
        (row.broken)(&mut bench.double.state());
        let ran: Ran = stage(row, &bench).run_hurried(&bench.home, row.id);
        if row.skipped { ran.is_skipped(row.id) } else { ran.deviates(row.id) }
    }
}

#[test]
fn an_account_whose_linking_failed_is_paused() {
    let id = "connector-connect-account";
    let bench = connector();
    let stage = Stage::default().set("url", bench.double.url()).set("name", "Account 2").set("phone", "+15550100042");
    stage.secret("token", TOKEN).no("scanned").run_hurried(&bench.home, id).deviates(id);
    assert_eq!(bench.double.state().health["accounts"][1]["status"], "disconnected");
}

#[test]
fn no_secret_is_in_what_is_kept() {
    let id = "connector-permissions";
    let bench = connector();
    let stage = Stage::default().set("url", bench.double.url()).set("account", "wa_1").set("chat", "15550100042@s.whatsapp.net");
    let ran = stage.secret("owner_token", TOKEN).secret("other_token", "other-token-for-tests").run(&bench.home, id);
    ran.passes(id);
    let mut kept = vec![ran.outcome.stdout.clone(), ran.outcome.stderr.clone()];
    let mut folders = vec![bench.home.path().join("reports")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry)
            } else {
                kept.push(String::from_utf8_lossy(&std::fs::read(entry).unwrap()).into_owned())
            }
        }
    }
    assert!(kept.len() > 3, "{}", kept.len());
    for text in kept {
        assert!(!text.contains(TOKEN) && !text.contains("other-token-for-tests"), "{text}");
    }
}
