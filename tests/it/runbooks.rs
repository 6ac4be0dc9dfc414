//! The shipped runbooks: each lints clean, and those on sessions are run.

use wpp::command::runbook::parses;
use wpp::runbook::library::SHIPPED;
use wpp::runbook::lint::{Surroundings, lint};
use wpp::runbook::parse::Runbook;

#[test]
fn every_shipped_runbook_lints_clean() {
    assert!(["re-authentication", "reset", "restart"].iter().all(|id| SHIPPED.iter().any(|(known, _)| known == id)));
    for (id, text) in SHIPPED {
        assert_eq!(lint(text, &Surroundings { id, parses: &parses }), [], "{id}");
    }
}

#[test]
fn a_new_runbook_lints_clean_and_its_plan_can_be_seen() {
    for drill in [false, true] {
        let text = wpp::runbook::template::text("my-own", drill);
        assert_eq!(lint(&text, &Surroundings { id: "my-own", parses: &parses }), [], "{text}");
    }
}

#[test]
fn a_line_that_wpp_does_not_know_is_found_in_the_shipped_ones() {
    let (id, text) = SHIPPED.iter().find(|(id, _)| *id == "restart").unwrap();
    let broken = text.replace("wpp restart --session {{session}} --force", "wpp restart --session {{session}} --forced");
    let found = lint(&broken, &Surroundings { id, parses: &parses });
    assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["command"], "{found:?}");
    let line = broken.lines().nth(found[0].line - 1).unwrap();
    assert!(line.contains("--forced"), "{line}");
    Runbook::parse(&broken).unwrap();
}
