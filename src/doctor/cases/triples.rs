//! Every fix has a triple in `tests/cases/doctor`: a broken home, what is found in it, and the home after the fix.
//!
//! `tests/it/doctor_cases.rs` runs them; here is shown that none is missing.

use std::path::Path;

use serde::Deserialize;

use super::*;

/// The check whose finding asks for an act, and the act's name.
type Pair = (String, String);

fn act(fix: &Fix) -> String {
    match fix {
        Fix::Chmod { .. } => "chmod".into(),
        Fix::RemoveStaleLock { .. } => "remove_stale_lock".into(),
        Fix::RemoveStaleSocket { .. } => "remove_stale_socket".into(),
        // Another command is another act.
        Fix::Run { argv } => format!("run {}", argv[0]),
    }
}

#[derive(Deserialize)]
struct Fixed {
    fixes: Vec<Applied>,
}

#[derive(Deserialize)]
struct Applied {
    act: String,
    checks: Vec<String>,
    verdict: String,
}

/// What some triple shows to help.
fn shown() -> BTreeSet<Pair> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/doctor");
    let mut shown = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path().join("fixed.json");
        let fixed: Fixed =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for applied in fixed.fixes.into_iter().filter(|applied| applied.verdict == "pass") {
            shown.extend(applied.checks.into_iter().map(|check| (check, applied.act.clone())));
        }
    }
    shown
}

#[test]
fn every_fix_of_every_check_is_shown_to_help_on_a_broken_home() {
    let mut offered = BTreeSet::new();
    for case in cases() {
        let mut facts = (case.facts)();
        (case.breaks)(&mut facts);
        for finding in examine(&facts, &Selection::default()).findings {
            let fix = finding.remedy.as_ref().and_then(|remedy| remedy.fix.as_ref());
            offered.extend(fix.map(|fix| (finding.id.to_string(), act(fix))));
        }
    }
    assert!(offered.len() >= 9, "{offered:?}");
    assert_eq!(
        offered,
        shown(),
        "each fix that a case here leads to has a triple in tests/cases/doctor, and the other way round"
    );
}
