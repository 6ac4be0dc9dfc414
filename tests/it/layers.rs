//! Holds the floor plan: a file imports only from rooms above its own line in `src/lib.rs`.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn floor_plan(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned)).collect()
}

/// Rooms that the text names after `crate::`, with the line numbers.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for part in line.split("crate::").skip(1) {
            if let Some(group) = part.strip_prefix('{') {
                for item in group.split(',') {
                    let room: String = item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    found.push((number + 1, room));
                }
            } else {
                found.push((number + 1, part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()));
            }
        }
    }
    found
}

fn violations(plan: &[String], room: &str, text: &str) -> Vec<(usize, String)> {
    let own = plan.iter().position(|name| name == room);
    imports(text)
        .into_iter()
        .filter(|(_, target)| target != room)
        .filter(|(_, target)| match (own, plan.iter().position(|name| name == target)) {
            (Some(own), Some(target)) => target > own,
            _ => false,
        })
        .collect()
}

fn all_sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let relative = path.strip_prefix(&root).unwrap().to_owned();
            let room = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (room, relative, text)
        })
        .collect()
}

#[test]
fn no_file_imports_from_a_floor_above_its_own() {
    let plan = floor_plan(include_str!("../../src/lib.rs"));
    assert!(plan.len() > 10, "{plan:?}");
    let mut wrong = Vec::new();
    for (room, path, text) in all_sources() {
        if room == "main" || room == "lib" {
            continue;
        }
        assert!(plan.contains(&room), "{} is in no room of src/lib.rs", path.display());
        for (line, target) in violations(&plan, &room, &text) {
            wrong.push(format!("src/{}:{line} imports crate::{target}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "the floor plan forbids:\n{}", wrong.join("\n"));
}

#[test]
fn the_layer_rule_sees_a_violation() {
    let plan = ["error", "disk", "doctor"].map(str::to_owned);
    assert_eq!(violations(&plan, "disk", "use crate::error::Error;\nuse crate::doctor::Check;"), [(2, "doctor".into())]);
    assert_eq!(violations(&plan, "disk", "    crate::{error::Error, doctor}::x"), [(1, "doctor".into())]);
    assert_eq!(violations(&plan, "doctor", "use crate::disk;"), []);
}

#[test]
fn dangerous_crates_are_named_in_their_own_rooms_alone_and_only_the_face_prints() {
    let mut wrong = Vec::new();
    for (room, path, text) in all_sources() {
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            let place = || format!("src/{}:{}: {}", path.display(), number + 1, line.trim());
            let link = ["whatsapp_rust::", "wacore::", "wacore_binary::", "wacore_noise::", "wacore_libsignal::", "waproto::"];
            if room != "whatsapp" && link.iter().any(|name| line.contains(name)) {
                wrong.push(place());
            }
            let alone = [
                (&["archive/destination/bucket.rs"][..], &["object_store::"][..]),
                (&["archive/destination/bucket.rs", "plugin/http.rs"], &["reqwest::"]),
                // The doctor's one TLS handshake says what is wrong with a certificate, which an HTTP client does not.
                (&["archive/destination/bucket.rs", "plugin/http.rs", "doctor/probe/tls.rs"], &["rustls::"]),
                (&["archive/seal.rs"], &["age::"]),
                // Compiled code runs as it is: the one unsafe line of the project is beside its check.
                (&["plugin/host.rs"], &["wasmtime::", "unsafe "]),
            ];
            for (files, names) in alone {
                let named = |name: &str| {
                    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
                };
                if !files.iter().any(|file| path == Path::new(file)) && names.iter().any(|name| named(name)) {
                    wrong.push(place());
                }
            }
            let prints = ["println!", "eprintln!", "print!(", "eprint!(", "dbg!("];
            if room != "ui" && prints.iter().any(|name| line.contains(name)) {
                wrong.push(place());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_feature_tree_holds_no_certificate_bypass() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--all-features", "--edges", "features", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(tree.contains("wacore-noise"), "the tree was not read");
    let found: Vec<&str> = tree.lines().filter(|line| line.contains("danger") || line.contains("skip-cert")).collect();
    assert!(found.is_empty(), "{found:?}");
}
