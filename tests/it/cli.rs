//! Bad input on the command line, in the environment and in files: refused, named, with a way out.

use crate::harness::TestHome;

#[test]
fn session_names_that_break_the_rule_are_refused_before_anything_is_touched() {
    let home = TestHome::sandbox();
    for bad in ["", "..", "../x", "a/b", "Main", "a b", ".hidden", "a:b:c", "é", &"x".repeat(65)] {
        for command in ["start", "status", "stop", "doctor", "backup"] {
            let outcome = home.run(&["--session", bad, command]);
            assert_eq!(outcome.code, 2, "{bad:?} {command}: {outcome:?}");
        }
    }
    assert!(!home.path().join("sessions").exists());
}

#[test]
fn a_session_that_is_not_there_is_named_with_those_that_are() {
    let home = TestHome::sandbox();
    for command in ["status", "stop", "restart", "backup"] {
        let outcome = home.run(&[command, "--session", "nobody"]);
        assert_eq!(outcome.code, 10, "{command}: {outcome:?}");
        assert!(outcome.stderr.contains("nobody"));
    }
    std::fs::create_dir_all(home.session("sales")).unwrap();
    let outcome = home.run(&["stop", "--session", "nobody"]);
    assert!(outcome.stderr.contains("sales"), "{outcome:?}");
}

#[test]
fn settings_are_checked_wherever_they_come_from() {
    let home = TestHome::sandbox();
    let config = home.path().join("config.toml");
    for (text, part) in [
        ("defualt_session = \"x\"", "did you mean default_session?"),
        ("[daemon]\nwatchdog_ms = \"soon\"", "must be a whole number"),
        ("[log]\nfiles_max = 0", "from 1 to 1000"),
        ("default_session = \"../etc\"", "not a session name"),
        ("this is not toml", "not valid TOML"),
        ("\u{0}", "not valid TOML"),
    ] {
        std::fs::write(&config, text).unwrap();
        let outcome = home.run(&["config"]);
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(outcome.stdout.contains("daemon.watchdog_ms"), "{outcome:?}");
        assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains(part), "{part}: {outcome:?}");
        let (code, value) = home.json(&["config"]);
        assert_eq!((code, value["schema"].as_str()), (2, Some("wpp.config/1")));
        assert!(value["warnings"][0].as_str().unwrap().contains(part), "{value}");
        // What an operator needs most when something is broken works all the same, and what needs its
        // settings does not.
        std::fs::create_dir_all(home.session("main")).unwrap();
        assert_eq!(home.run(&["stop", "--session", "main"]).code, 0);
        let outcome = home.run(&["status", "--session", "main"]);
        assert!(outcome.code == 14 && format!("{}{}", outcome.stdout, outcome.stderr).contains(part), "{outcome:?}");
        let (code, value) = home.json(&["start", "--session", "main"]);
        assert_eq!((code, value["code"].as_str()), (2, Some("REQUEST_INVALID")));
        let (_, doctor) = home.json(&["doctor", "--only", "wpp.home.settings"]);
        assert!(doctor.to_string().contains("config.toml"), "{doctor}");
    }
    std::fs::remove_dir_all(home.session("main")).unwrap();
    std::fs::write(&config, "default_session = \"dangling\"").unwrap();
    let outcome = home.run(&["status"]);
    assert_eq!(outcome.code, 10, "a default that names no session: {outcome:?}");
    std::fs::remove_file(&config).unwrap();
    let outcome = home.command(&["config"]).env("WPP_DAEMON_WATCHDOG_MS", "never").output().unwrap();
    assert_eq!(outcome.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&outcome.stderr).contains("WPP_DAEMON_WATCHDOG_MS"));
}

#[test]
fn a_damaged_marker_never_turns_a_sandbox_into_a_live_home() {
    let home = TestHome::sandbox();
    for text in [
        "",
        "{}",
        "{\"schema\":\"wpp.home/1\",\"kind\":\"other\",\"created\":\"\"}",
        "{\"schema\":\"wpp.home/9\",\"kind\":\"live\",\"created\":\"\"}",
    ] {
        std::fs::write(home.path().join("home.json"), text).unwrap();
        assert_eq!(home.run(&["start"]).code, 2, "{text}");
    }
    std::fs::create_dir_all(home.session("main")).unwrap();
    std::fs::remove_file(home.path().join("home.json")).unwrap();
    assert_eq!(home.run(&["start"]).code, 15);
}

#[test]
fn a_home_that_cannot_be_written_is_an_error_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for home in [file.join("home"), "/proc/wpp-home".into()] {
        let output = std::process::Command::new(crate::harness::program())
            .env_clear()
            .args(["start", "--home"])
            .arg(&home)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(home.to_str().unwrap()) && stderr.contains("next:"), "{stderr}");
    }
}

#[test]
fn a_home_whose_socket_path_is_too_long_is_named_with_the_limit() {
    let home = TestHome::sandbox();
    let long = home.path().join("x".repeat(90));
    wpp::home::Home::create(&long, wpp::home::HomeKind::Sandbox).unwrap();
    let output = std::process::Command::new(crate::harness::program())
        .env_clear()
        .args(["--home", long.to_str().unwrap(), "start"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("107") && stderr.contains("WPP_HOME"), "{stderr}");
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing_half_made() {
    let home = TestHome::sandbox();
    for number in 1..6 {
        let output = home.command(&["start"]).env("WPP_DISK_FAULT", format!("full@{number}")).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            home.run(&["stop"]);
            continue;
        }
        assert!(stderr.contains("next:"), "{stderr}");
    }
    assert_eq!(home.run(&["start"]).code % 4, 0, "the next start works or says that the simulator is missing");
    home.run(&["stop"]);
}

#[test]
fn without_a_home_the_command_says_what_to_set() {
    let output = std::process::Command::new(crate::harness::program()).env_clear().arg("status").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("WPP_HOME"));
}

#[test]
fn the_exit_codes_are_in_the_help() {
    let home = TestHome::live();
    let help = home.run(&["--help"]).stdout;
    for row in wpp::error::EXIT_CODES {
        assert!(help.contains(row.3), "{}", row.3);
    }
}

#[test]
fn a_wrong_command_line_is_a_document_for_who_asked_for_json() {
    let home = TestHome::live();
    for line in [&["--format", "json", "nonsense"][..], &["status", "--format=json", "--nonsense"]] {
        let outcome = home.run(line);
        let value: serde_json::Value =
            serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
        assert_eq!((outcome.code, value["code"].as_str()), (2, Some("REQUEST_INVALID")), "{outcome:?}");
    }
    let prose = home.run(&["nonsense"]);
    assert!(prose.code == 2 && prose.stdout.is_empty() && prose.stderr.contains("Usage"), "{prose:?}");
}

#[test]
fn quiet_silences_success_but_not_an_answer() {
    let home = TestHome::sandbox();
    std::fs::create_dir_all(home.session("main")).unwrap();
    assert_eq!(home.run(&["stop", "--quiet"]).stdout, "");
    assert!(home.run(&["config", "--quiet"]).stdout.contains("daemon.watchdog_ms"));
    assert!(!home.run(&["status", "--quiet"]).stdout.is_empty(), "a session that is down is news");
}

#[test]
fn every_setting_is_in_the_help_that_needs_no_valid_settings() {
    let home = TestHome::sandbox();
    std::fs::write(home.path().join("config.toml"), "zebra = 1").unwrap();
    let refused = home.run(&["config"]);
    assert!(refused.code == 2 && format!("{}{}", refused.stdout, refused.stderr).contains("wpp help config"), "{refused:?}");
    let help = home.run(&["help", "config"]).stdout;
    for key in wpp::config::KEYS {
        assert!(help.contains(key.path) && help.contains(&wpp::config::Config::variable(key)), "{}", key.path);
        assert!(help.contains(&format!("{} = {}", key.path, wpp::config::Config::default_in_toml(key))), "{}", key.path);
    }
}

#[test]
fn the_version_is_said_however_it_is_asked_for() {
    let home = TestHome::sandbox();
    let version = concat!("wpp ", env!("CARGO_PKG_VERSION"), "\n");
    // The first two are answered before the command line is understood.
    for line in [&["--version"][..], &["-V"], &["--quiet", "--version"], &["--version", "--format", "json"]] {
        let outcome = home.run(line);
        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, version, ""), "{line:?}");
    }
}
