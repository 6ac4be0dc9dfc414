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

/// Each heading of the source documents that is a procedure has a row under the document's name.
#[test]
fn every_document_has_its_rows() {
    let counts: Vec<(&str, usize)> = PROCEDURES
        .split("\n## ")
        .skip(2)
        .map(|part| (part.lines().next().unwrap(), part.lines().filter(|line| line.starts_with("| ")).count() - 1))
        .collect();
    let wanted = [("wpp-tui", 16), ("OpenWA", 14), ("Jarvis", 20), ("whatsapp-connector", 10), ("SPEC-1", 4)];
    assert_eq!(counts, wanted);
}

#[test]
fn its_tables_become_items_of_the_man_page() {
    let text = man(PROCEDURES, &["wpp-runbook"]);
    assert!(text.contains(".TP\n11.2 service down\n\\fBopenwa\\-service\\-down\\fR\n.br\n"), "{text}");
    assert!(!text.contains("| "), "{text}");
}
