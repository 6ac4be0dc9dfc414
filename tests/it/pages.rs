//! The page on archives says what is so: its commands by hand are run as they stand, on real archives.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wpp::command::pages::{ARCHIVES, man};

use crate::seal::keygen;
use crate::simulated::Simulated;

/// Blocks of shell commands in the part on restoring by hand, in their order.
fn blocks() -> Vec<&'static str> {
    let by_hand = ARCHIVES.split("\n## By hand").nth(1).unwrap();
    let blocks: Vec<&str> = by_hand.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 4, "{blocks:?}");
    blocks
}

/// A command in the running text, by its beginning.
fn inline(start: &str) -> &'static str {
    ARCHIVES.split('`').skip(1).step_by(2).find(|code| code.starts_with(start)).unwrap_or_else(|| panic!("no {start}"))
}

struct Place {
    folder: tempfile::TempDir,
    archive: PathBuf,
    session: PathBuf,
}

impl Place {
    fn new(archive: &Path, session: &Path) -> Place {
        let folder = tempfile::tempdir().unwrap();
        Place { folder, archive: archive.to_owned(), session: session.to_owned() }
    }

    fn new_folder(&self) -> PathBuf {
        self.folder.path().join("new folder")
    }

    fn run(&self, text: &str) -> Output {
        let output = Command::new("sh")
            .args(["-e", "-u", "-c", text])
            .current_dir(self.folder.path())
            .env("ARCHIVE", &self.archive)
            .env("SESSION", &self.session)
            .env("NEW", self.new_folder())
            .output()
            .unwrap();
        assert!(output.status.success(), "{text}\n{output:?}");
        output
    }

    fn says(&self, text: &str) -> String {
        String::from_utf8(self.run(text).stdout).unwrap()
    }
}

/// Whether a tool is installed; that it is not is said aloud.
fn is_there(program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file());
    crate::postgres::there(program.trim_end_matches("-keygen"), found)
}

#[test]
fn messages_come_back_by_hand_with_the_commands_of_the_page() {
    if !is_there("sqlite3") {
        return;
    }
    let simulated = Simulated::linked();
    let home = &simulated.home;
    simulated.peer_sends("kept", 3);
    simulated.until("three messages", || match simulated.found("kept") {
        3 => Ok(()),
        count => Err(format!("{count} messages")),
    });
    let (code, report) = home.json(&["backup"]);
    assert_eq!(code, 0, "{report}");
    let archive = PathBuf::from(report["data"]["path"].as_str().unwrap());
    simulated.peer_sends("afterwards", 1);
    simulated.until("the last message", || if simulated.found("afterwards") == 1 { Ok(()) } else { Err("none".into()) });
    // Killed, so that a log of the old database lies beside it.
    let pid = simulated.kill_daemon();
    let place = Place::new(&archive, &home.session("main"));
    assert_eq!(place.says(&inline("kill").replacen("kill", "echo", 1)), format!("{pid}\n"));
    assert!(home.session("main").join("wpp.db-wal").exists());

    let blocks = blocks();
    let listed = place.says(blocks[0]);
    let manifest: serde_json::Value = serde_json::from_value(report["data"]["manifest"].clone()).unwrap();
    let member = manifest["members"].as_array().unwrap().iter().find(|member| member["name"] == "wpp.db").unwrap();
    let sha256 = member["sha256"].as_str().unwrap();
    assert!(listed.contains("session.db") && listed.matches(sha256).count() == 2, "{listed}");
    let looked = place.says(blocks[1]);
    let count = member["database"]["tables"]["messages"]["count"].as_u64().unwrap();
    assert_eq!(looked, format!("ok\n{count}\n"));
    let read = place.says(blocks[2]);
    assert_eq!(read.matches("kept").count(), 3, "{read}");
    place.run(blocks[3]);
    assert!(!place.new_folder().exists());
    assert!(!home.session("main").join("wpp.db-wal").exists());
    assert_eq!(wpp::disk::mode_and_owner(&home.session("main").join("wpp.db")).unwrap().unwrap().0, 0o600);

    assert_eq!(home.run(&["start"]).code, 0);
    assert_eq!((simulated.found("kept"), simulated.found("afterwards")), (3, 0));
    // The keys stayed where they were: nothing that is sent from now on is lost.
    simulated.peer_sends("from now on", 2);
    simulated.until("both messages", || match simulated.found("\"from now on\"") {
        2 => Ok(()),
        count => Err(format!("{count} messages")),
    });
}

#[test]
fn every_other_way_to_take_the_messages_out_gives_the_same() {
    let home = crate::stores::home("other ways");
    let key = home.path().join("key.txt");
    let mut ways = vec![(&["backup"][..], inline("gunzip -c"), "gunzip")];
    ways.push((&["backup", "--format", "tar.zst"], inline("zstd -dc"), "zstd"));
    let public = if is_there("age-keygen") { keygen(&key) } else { String::new() };
    let sealed = ["backup", "--recipient", public.as_str()];
    ways.push((&sealed, inline("age -d"), "age"));
    for (arguments, text, program) in ways {
        if !is_there(program) {
            continue;
        }
        let (code, report) = home.json(arguments);
        assert_eq!(code, 0, "{report}");
        let place = Place::new(Path::new(report["data"]["path"].as_str().unwrap()), &home.session("main"));
        std::fs::create_dir(place.new_folder()).unwrap();
        if program == "age" {
            std::fs::copy(&key, place.folder.path().join("key.txt")).unwrap();
        }
        place.run(text);
        let unpacked = std::fs::read(place.new_folder().join("wpp.db")).unwrap();
        assert!(unpacked == std::fs::read(home.session("main").join("wpp.db")).unwrap(), "{program}");
    }
}

#[test]
fn the_page_names_commands_and_settings_that_exist_and_is_shown_by_help() {
    let mut tree = wpp::command::tree();
    tree.build();
    let code = || {
        ARCHIVES
            .split('`')
            .skip(1)
            .step_by(2)
            .chain(ARCHIVES.lines().filter(|line| line.contains("wpp backup") && !line.contains('`')))
    };
    let mut seen = 0;
    for line in code().filter_map(|code| code.split("wpp ").nth(1).filter(|_| code.contains("wpp "))) {
        let mut command = &tree;
        for word in
            line.split_whitespace().take_while(|word| word.starts_with("--") || word.chars().all(|c| c.is_ascii_lowercase()))
        {
            match word.strip_prefix("--") {
                Some(flag) => assert!(command.get_arguments().any(|known| known.get_long() == Some(flag)), "wpp {line}: {flag}"),
                None => match command.find_subcommand(word) {
                    Some(next) => command = next,
                    None => break,
                },
            }
        }
        assert!(!std::ptr::eq(command, &tree) || line.starts_with("help"), "wpp {line}");
        seen += 1;
    }
    assert!(seen > 8, "{seen}");
    for path in code().filter(|code| code.starts_with("backup.") && !code.contains(' ')) {
        assert!(wpp::config::KEYS.iter().any(|key| key.path == path), "{path}");
    }
    let home = crate::harness::TestHome::live();
    let shown = home.run(&["help", "archives"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (0, ARCHIVES));
    assert_eq!(home.run(&["help", "nothing"]).code, 2);
}

#[test]
fn the_man_page_is_one_to_the_typesetter() {
    if !is_there("groff") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wpp-archives.7");
    std::fs::write(&path, man(ARCHIVES, &["wpp-backup"])).unwrap();
    let output = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("BY HAND, WITHOUT WPP") && text.contains("tar -xozf \"$ARCHIVE\" -C \"$NEW\" wpp.db"), "{text}");
}
