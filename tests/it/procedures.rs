//! The page on procedures names only what there is, and every runbook that is shipped is in it.

use std::collections::BTreeSet;
use std::path::Path;

use wpp::command::pages::{PROCEDURES, man};

/// Ids of the runbooks in one folder.
fn ids(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else { return BTreeSet::new() };
    let files = entries.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The cells of every row that tells of a procedure.
fn rows() -> Vec<[&'static str; 3]> {
    let rows = PROCEDURES.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        <[&str; 3]>::try_from(cells).unwrap_or_else(|cells| panic!("{cells:?} are no three cells"))
    })
    .filter(|[procedure, ..]| *procedure != "procedure")
    .collect()
}

/// What a cell says in the fixed font.
fn code(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split('`').skip(1).step_by(2)
}

/// What is wrong with a line of `wpp`, if anything is.
fn refused(line: &str, drills: &BTreeSet<String>) -> Option<String> {
    // Names in capitals stand for what an operator fills in.
    let words = line.split_whitespace();
    let error = wpp::command::tree().try_get_matches_from(words.clone()).err();
    if let Some(error) = error {
        return Some(format!("`{line}` is no command: {error}"));
    }
    match words.collect::<Vec<_>>().as_slice() {
        ["wpp", "drill", "run", drill] if !drills.contains(*drill) && *drill != "smoke" => {
            Some(format!("`{line}` names a drill that does not exist"))
        }
        _ => None,
    }
}

#[test]
fn the_page_names_runbooks_and_commands_that_exist() {
    let (runbooks, drills) = (ids("runbooks"), ids("runbooks/drills"));
    let mut named = 0;
    for [procedure, with, differs] in rows() {
        assert!(!differs.is_empty(), "{procedure} does not say whether the server differs");
        let mut runs = 0;
        for code in code(with) {
            match code.starts_with("wpp ") {
                true => assert_eq!(refused(code, &drills), None, "{procedure}"),
                false => assert!(runbooks.contains(code), "{procedure}: there is no runbook {code}"),
            }
            runs += 1;
        }
        assert!(runs > 0, "{procedure} is done by nothing");
        named += runs;
    }
    assert!(named > 70, "{named}");
    // What it looks for can be missing.
    assert!(refused("wpp conjure", &drills).is_some() && refused("wpp drill run nothing", &drills).is_some());
}

#[test]
fn every_shipped_runbook_is_on_the_page() {
    let named: BTreeSet<String> = rows().iter().flat_map(|[_, with, _]| code(with)).map(str::to_owned).collect();
    let missing: Vec<String> = ids("runbooks").into_iter().filter(|id| !named.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The headings of the five source documents, each with its rows: what an operator did there has a place here.
/// Those with none tell what the document is about, or are the parts of the procedure above them.
type Headings = &'static [(&'static str, &'static [&'static str])];
const DOCUMENTS: &[(&str, Headings)] = &[
    (
        "wpp-tui",
        &[
            ("1. Purpose and Scope", &[]),
            ("2. Prerequisites", &[]),
            ("3. Session Selection and Runtime Layout", &["3 session selection and layout"]),
            ("4. Startup Flows", &[]),
            ("4.1 Preferred Daily Flow", &["4.1 preferred daily flow"]),
            ("4.2 Manual Daemon Flow", &["4.2 manual daemon flow"]),
            ("4.3 Operator/Debug Flow", &["4.3 operator and debug flow"]),
            ("5. Log and Status Inspection", &["5 log and status inspection"]),
            (
                "6. Troubleshooting Matrix",
                &[
                    "6 daemon fails to start with a lock error",
                    "6 connection fails, socket exists",
                    "6 auth required unexpectedly",
                    "6 reconnect loops",
                    "6 search degraded or slow",
                    "6 updates lost after a crash",
                ],
            ),
            ("7. Safe Recovery and Reset Procedures", &[]),
            ("7.1 Safe Daemon Restart", &["7.1 safe daemon restart"]),
            ("7.2 Auth Re-Initialization", &["7.2 auth re-initialization"]),
            ("7.3 Session Data Reset", &["7.3 session data reset"]),
            ("8. Device Identity", &["8 device identity"]),
            ("9. Security Hygiene Checklist", &["9 security hygiene, 10 anti-patterns"]),
            ("10. Operational Anti-Patterns", &[]),
        ],
    ),
    (
        "OpenWA",
        &[
            ("11.1 Overview", &[]),
            ("Runbook: Service Down", &["11.2 service down"]),
            ("Runbook: Session Disconnected", &["11.2 session disconnected"]),
            ("Runbook: High Memory Usage", &["11.2 high memory usage"]),
            ("Runbook: Webhook Delivery Failure", &["11.2 webhook delivery failure"]),
            ("11.2 Incident Response, send test message", &["11.2 send a test message"]),
            ("Runbook: Scheduled Maintenance", &["11.3 scheduled maintenance"]),
            ("Runbook: Version Upgrade", &["11.3 version upgrade"]),
            ("Runbook: Database Backup", &["11.3 database backup"]),
            ("Runbook: Restore from Backup", &["11.3 restore from backup"]),
            ("Alert Response Matrix", &["11.4 alert response matrix"]),
            ("Runbook: Certificate Renewal", &["11.4 certificate renewal"]),
            ("Runbook: Disk Space Low", &["11.4 disk space low"]),
            ("11.5 Capacity Planning", &["11.5 capacity planning"]),
            ("11.6 Emergency Contacts", &["11.6 emergency contacts"]),
        ],
    ),
    (
        "Jarvis",
        &[
            ("Normal Start", &["normal start"]),
            ("Local Maintenance Loop", &["local maintenance loop"]),
            ("GitHub Integration Ops", &["GitHub integration"]),
            ("Web UI Operations", &["web UI operations"]),
            ("Web Install Recovery", &["web install recovery"]),
            ("Controlled Restart", &["controlled restart"]),
            ("Lockdown", &["lockdown"]),
            ("Auth and RBAC Ops", &["auth and RBAC"]),
            ("Memory Governance Ops", &["memory governance"]),
            ("Memory Conflict Resolution Operator Flow", &["memory conflict resolution"]),
            ("Memory Rollback and Recovery", &["memory rollback and recovery"]),
            ("WhatsApp Media and Voice Ops", &["media and voice"]),
            ("WhatsApp Troubleshooting Decision Tree", &["troubleshooting decision tree"]),
            ("Outage-Class Diagnostics Evidence", &["outage-class evidence"]),
            ("Secret Rotation and Scan", &["secret rotation and scan"]),
            ("Operator-Owned Rotation Checklist", &[]),
            ("Scheduler Check", &["scheduler check"]),
            ("Local Setup Smoke Validation", &["local setup smoke"]),
            ("Self-Update Check", &["self-update check"]),
            ("Deploy and Rollback", &["deploy and rollback"]),
            ("Release Evidence", &["release evidence"]),
            ("Related Docs", &[]),
        ],
    ),
    (
        "whatsapp-connector",
        &[
            ("Deploy target", &[]),
            ("1) Environment variables", &["1 environment variables"]),
            ("2) Persistent volume check", &["2 persistent volume check"]),
            ("3) Configure Flutter base URL", &["3 Flutter base URL"]),
            ("4) Connect an account", &["4 connect an account"]),
            ("5) Verify health + status transitions", &["5 health and status transitions"]),
            ("6) Verify sending permission model", &["6 sending permission model"]),
            ("7) Verify inbound ingestion + dedupe", &["7 inbound ingestion and dedupe"]),
            ("8) Common failures", &[]),
            ("Account Not Found", &["8 account not found"]),
            ("QR never appears", &["8 QR never appears"]),
            ("Degraded heartbeat alerts", &["8 degraded heartbeat"]),
        ],
    ),
    (
        "SPEC-1",
        &[
            ("1. Weekly QR Re-Login Drill", &["1 weekly QR re-login drill"]),
            ("2. Monthly Backup Restore Test", &["2 monthly backup restore test"]),
            ("3. Docker Image Rollback Procedure", &["3 image rollback"]),
            ("Contacts", &["contacts"]),
        ],
    ),
];

#[test]
fn each_heading_of_the_source_documents_has_its_rows_and_no_row_is_of_none() {
    let parts: Vec<(&str, Vec<&str>)> = PROCEDURES
        .split("\n## ")
        .skip(2)
        .map(|part| {
            let rows = part.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
            (part.lines().next().unwrap(), rows.filter(|cell| *cell != "procedure").collect())
        })
        .collect();
    let wanted: Vec<(&str, Vec<&str>)> = DOCUMENTS
        .iter()
        .map(|(document, headings)| (*document, headings.iter().flat_map(|(_, rows)| rows.iter().copied()).collect()))
        .collect();
    for ((document, rows), (wanted_document, wanted)) in parts.iter().zip(&wanted) {
        assert_eq!(document, wanted_document);
        let sorted = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<BTreeSet<String>>();
        assert_eq!(sorted(rows), sorted(wanted), "{document}");
        assert_eq!(rows.len(), wanted.len(), "{document}: a row stands there twice");
    }
    assert_eq!(parts.len(), DOCUMENTS.len());
}

#[test]
fn its_tables_become_items_of_the_man_page() {
    let text = man(PROCEDURES, &["wpp-runbook"]);
    assert!(text.contains(".TP\n11.2 service down\n\\fBopenwa\\-service\\-down\\fR\n.br\n"), "{text}");
    assert!(!text.contains("| "), "{text}");
}
