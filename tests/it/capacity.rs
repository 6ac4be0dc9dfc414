//! `wpp capacity`: measured while the daemon runs and when it is stopped, and told from what was recorded.

use serde_json::Value;
use wpp::capacity::history::History;
use wpp::capacity::{DAY_MS, Sample};
use wpp::clock;
use wpp::journal::Journal;

use crate::harness::TestHome;
use crate::simulated::Simulated;

const HOUR_MS: i64 = DAY_MS / 24;
const GIB: u64 = 1 << 30;

/// A sample of a session on a disk of 100 GiB with so much free.
fn sample(at_ms: i64, wpp_db_bytes: u64, disk_free_bytes: u64) -> Sample {
    Sample {
        at_ms,
        started_ms: at_ms - at_ms.rem_euclid(DAY_MS),
        memory_bytes: 30 << 20,
        cpu_ms: u64::try_from(at_ms.rem_euclid(DAY_MS) / 100).unwrap(),
        session_db_bytes: 100 << 10,
        wpp_db_bytes,
        messages: wpp_db_bytes / 1000,
        disk_total_bytes: 100 * GIB,
        disk_free_bytes,
        memory_total_bytes: 8 * GIB,
        memory_available_bytes: 4 * GIB,
        machine_busy_permille: Some(600),
    }
}

/// A home with a session that wrote a sample an hour for so many hours, growing by a MiB a day, while the disk
/// lost `loss_a_day` bytes.
fn with_history(hours: i64, loss_a_day: u64) -> TestHome {
    let home = TestHome::sandbox();
    std::fs::create_dir_all(home.session("main")).unwrap();
    record(&home, hours, loss_a_day);
    home
}

/// See [`with_history`].
pub fn record(home: &TestHome, hours: i64, loss_a_day: u64) {
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    let now_ms = clock::now_ms();
    for hour in (0..hours).rev() {
        let grown = u64::try_from(hours - hour).unwrap();
        let at_ms = now_ms - hour * HOUR_MS;
        let free = (50 * GIB).saturating_sub(grown * loss_a_day / 24);
        History::of(&journal).write("main", &sample(at_ms, (10 << 20) + grown * (1 << 20) / 24, free)).unwrap();
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_home_with_nothing_in_it_is_measured_all_the_same() {
    let home = TestHome::live();
    let (code, value) = home.json(&["capacity"]);
    assert_eq!(code, 0, "{value}");
    let data = &value["data"];
    assert!(number(&data["machine"]["memory_percent"]) > 0.0 && number(&data["machine"]["disk_percent"]) > 0.0, "{data}");
    assert!(data["machine"]["days_to_full"].is_null() && data["fits"].is_null(), "{data}");
    assert!(data["machine"]["disk_growth_unknown"].as_str().unwrap().contains("nothing was recorded"), "{data}");
    assert_eq!(data["decision"]["outcome"].as_str().map(|outcome| outcome != "ok"), Some(true), "nothing answers: {data}");
    assert!(!home.path().join("ops.db").exists(), "looking made a journal");
}

#[test]
fn the_daemon_writes_a_sample_at_its_start_and_capacity_tells_of_both() {
    let simulated = Simulated::linked();
    let samples = || {
        let journal = Journal::open(&simulated.home.path().join("ops.db")).unwrap();
        History::of(&journal).read(Some("main"), 0).unwrap().remove("main").unwrap_or_default()
    };
    simulated.until("a sample", || if samples().is_empty() { Err("none".into()) } else { Ok(()) });
    let first = samples()[0];
    assert!(first.memory_bytes > 1 << 20 && first.wpp_db_bytes > 0, "{first:?}");
    assert!(first.disk_free_bytes < first.disk_total_bytes && first.memory_available_bytes < first.memory_total_bytes);
    let (code, value) = simulated.home.json(&["capacity"]);
    assert_eq!(code, 0, "{value}");
    let session = &value["data"]["sessions"][0];
    assert_eq!((&session["running"], &session["samples"]), (&Value::Bool(true), &1.into()), "{session}");
    assert!(number(&session["memory_bytes"]) > 1e6 && number(&session["response_ms"]) > 0.0, "{session}");
    assert!(session["growth_unknown"].as_str().unwrap().contains("too short"), "{session}");
    assert!(value["data"]["rooms"][0]["fits"].is_u64(), "{value}");
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let (code, value) = simulated.home.json(&["capacity", "--session", "main"]);
    assert_eq!(code, 0, "{value}");
    let session = &value["data"]["sessions"][0];
    assert_eq!(session["running"], false);
    assert!(session["memory_bytes"].is_null() && number(&session["memory_bytes_max"]) > 1e6, "{session}");
    assert_eq!(value["data"]["decision"]["branches"][3]["answer"], "unknown");
}

#[test]
fn growth_and_the_day_the_disk_is_full_come_from_what_was_recorded() {
    let home = with_history(10 * 24, GIB);
    let (code, value) = home.json(&["capacity"]);
    assert_eq!(code, 0, "{value}");
    let machine = &value["data"]["machine"];
    let a_day = number(&machine["disk_growth"]["bytes_per_day"]);
    assert!((a_day / GIB as f64 - 1.0).abs() < 0.01, "{machine}");
    // What is free is measured now.
    let days = number(&machine["disk_free_bytes"]) / a_day;
    assert!((number(&machine["days_to_full"]) / days - 1.0).abs() < 0.01, "{machine}");
    let session = &value["data"]["sessions"][0];
    assert!((number(&session["growth"]["bytes_per_day"]) / 1_048_576.0 - 1.0).abs() < 0.05, "{session}");
    assert!((number(&session["cpu_cores_max"]) - 0.01).abs() < 0.001, "{session}");
    assert_eq!(session["memory_bytes_max"], 30 << 20);
    // Less of it is too short to tell.
    let (_, value) = home.json(&["capacity", "--days", "1"]);
    assert!(value["data"]["machine"]["days_to_full"].is_null(), "{value}");
    let text = home.run(&["capacity"]).stdout;
    assert!(text.contains("1.0 GiB a day, seen over") && text.contains("Scaling decision tree"), "{text}");
}

#[test]
fn how_busy_the_processors_are_is_told_from_what_was_recorded_and_from_now_without_it() {
    let look = |home: &TestHome| {
        let (code, value) = home.json(&["capacity"]);
        assert_eq!(code, 0, "{value}");
        let branch = &value["data"]["decision"]["branches"][0];
        (value["data"]["machine"].clone(), branch.clone(), value["data"]["rooms"][2].clone())
    };
    // An hour of most evenings was busier than the line, and whatever the machine does now is another matter.
    let home = with_history(5 * 24, 0);
    let (machine, branch, room) = look(&home);
    assert_eq!((&machine["busy"]["from"], number(&machine["busy"]["percent"])), (&"history".into(), 60.0), "{machine}");
    assert_eq!((&branch["answer"], number(&branch["value"])), (&"no".into(), 60.0), "{branch}");
    assert!(branch["number"].as_str().unwrap().contains("95th percentile of 120 samples"), "{branch}");
    // What fits is what is left under the line by the same number.
    let fits = (number(&machine["cores"]) * 0.2 / number(&room["one_takes"])).floor();
    assert_eq!((number(&room["used_percent"]), number(&room["fits"])), (60.0, fits), "{room}");
    let database = rusqlite::Connection::open(home.path().join("ops.db")).unwrap();
    database
        .execute("UPDATE capacity_sample SET machine_busy_permille = 970 WHERE at_ms / 3600000 % 24 IN (19, 20)", [])
        .unwrap();
    let (machine, branch, room) = look(&home);
    assert_eq!((number(&machine["busy"]["percent"]), &branch["answer"]), (97.0, &"yes".into()), "{machine}");
    assert_eq!(room["fits"], 0, "{room}");
    let text = home.run(&["capacity"]).stdout;
    assert!(text.contains("97 % in use: 95th percentile of 120 samples"), "{text}");
    // Samples of an older wpp say nothing of it.
    database.execute("UPDATE capacity_sample SET machine_busy_permille = NULL", []).unwrap();
    drop(database);
    let (machine, branch, _) = look(&home);
    assert_eq!((&machine["busy"]["from"], &machine["busy"]["percent"]), (&"now".into(), &machine["cpu_percent"]), "{machine}");
    assert!(branch["number"].as_str().unwrap().contains("for lack of a history"), "{branch}");
}

#[test]
fn a_daemon_records_how_busy_the_machine_was_between_two_samples() {
    let folder = tempfile::tempdir().unwrap();
    let home = wpp::home::Home::create(folder.path(), wpp::home::HomeKind::Sandbox).unwrap();
    let session = home.session("main");
    let mut processors = wpp::capacity::measure::Processors::watch().unwrap();
    let mut sample =
        || wpp::capacity::measure::sample(&home, &session, 0, 0, Some(&mut processors)).unwrap().machine_busy_permille;
    let begun = std::time::Instant::now();
    while begun.elapsed() < std::time::Duration::from_millis(500) {
        std::hint::spin_loop();
    }
    let busy = sample().unwrap();
    assert!(busy > 0 && busy <= 1000, "{busy}");
    // Unless the machine stops this thread just then, no time has passed since.
    assert!((0..20).any(|_| sample().is_none()), "a time too short to tell");
}

#[test]
fn the_doctor_tells_of_a_disk_that_fills_up_and_skips_what_it_cannot_tell() {
    let severity = |home: &TestHome| {
        let (_, value) = home.json(&["doctor", "--only", "wpp.host.disk-days-to-full"]);
        let found = value["findings"][0]["severity"].as_str().map(str::to_owned);
        (found, value["data"]["skipped"][0]["reason"].as_str().map(str::to_owned))
    };
    // At its own rate, the disk of this machine is full in as many days as it is to be.
    let free = wpp::disk::space(std::path::Path::new("/tmp")).unwrap().free_bytes;
    for (days, expected) in [(1, "error"), (9, "warning"), (100, "ok")] {
        let home = with_history(3 * 24, 0);
        let journal = Journal::open(&home.path().join("ops.db")).unwrap();
        let now_ms = clock::now_ms();
        for hour in 0..48_i64 {
            let loss = u64::try_from(48 - hour).unwrap() * free / days / 24;
            let used = |extra: u64| Sample { disk_total_bytes: 1 << 60, disk_free_bytes: (1 << 59) + extra, ..sample(0, 0, 0) };
            let at_ms = now_ms - (48 - hour) * HOUR_MS + 1;
            History::of(&journal).write("main", &Sample { at_ms, ..used(loss) }).unwrap();
        }
        drop(journal);
        let database = rusqlite::Connection::open(home.path().join("ops.db")).unwrap();
        database.execute("DELETE FROM capacity_sample WHERE disk_total_bytes <> ?1", [1_i64 << 60]).unwrap();
        drop(database);
        assert_eq!(severity(&home).0.as_deref(), Some(expected), "{days} days");
    }
    let short = with_history(3, 0);
    let (found, reason) = severity(&short);
    assert!(found.is_none() && reason.unwrap().contains("too short"), "a short history says nothing");
}

#[test]
fn the_plot_is_braille_where_the_locale_says_so_and_plain_elsewhere() {
    let home = with_history(5 * 24, GIB);
    let run = |locale: &str, no_color: bool| {
        let mut command = home.command(&["capacity"]);
        command.env("LC_ALL", locale);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let braille = |text: &str| text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
    assert!(braille(&run("en_US.UTF-8", false)));
    let plain = run("C", true);
    assert!(plain.is_ascii() && plain.contains("|*") && plain.contains("In use of the home's file system"), "{plain}");
    assert!(!run("en_US.UTF-8", true).contains('\u{1b}'));
}

#[test]
fn the_page_stands_alone_and_takes_no_other_files_place() {
    let home = with_history(5 * 24, GIB);
    let page = home.path().join("capacity.html");
    let path = page.to_str().unwrap();
    for _ in 0..2 {
        let outcome = home.run(&["capacity", "--html", path]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.contains("<svg") && text.contains("In use of the home") && text.contains("Scaling decision tree"));
    for outside in ["src=", "href=", "http://", "https://", "<script"] {
        assert!(!text.contains(outside), "{outside}");
    }
    let config = home.path().join("config.toml");
    std::fs::write(&config, "default_session = \"main\"\n").unwrap();
    assert_eq!(home.run(&["capacity", "--html", config.to_str().unwrap()]).code, 15);
    assert!(std::fs::read_to_string(&config).unwrap().starts_with("default_session"));
}

#[test]
fn which_sessions_are_shown_follows_the_command_line_then_the_environment() {
    let home = with_history(30, GIB);
    std::fs::create_dir_all(home.session("second")).unwrap();
    let shown = |arguments: &[&str], variable: Option<&str>| {
        let mut command = home.command(arguments);
        if let Some(name) = variable {
            command.env("WPP_SESSION", name);
        }
        let output = command.args(["--format", "json"]).output().unwrap();
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        let names = value["data"]["sessions"].as_array().cloned().unwrap_or_default();
        (output.status.code().unwrap(), names.iter().map(|seen| seen["session"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let both = || vec!["main".to_owned(), "second".to_owned()];
    assert_eq!(shown(&["capacity"], None), (0, both()));
    assert_eq!(shown(&["capacity", "--all"], Some("second")), (0, both()));
    assert_eq!(shown(&["capacity"], Some("second")), (0, vec!["second".into()]));
    assert_eq!(shown(&["capacity", "--session", "main"], None), (0, vec!["main".into()]));
    assert_eq!(shown(&["capacity", "--session", "main", "--all"], None).0, 2);
    assert_eq!(shown(&["capacity", "--session", "nobody"], None).0, 10);
}

#[test]
fn a_sample_that_cannot_be_written_is_told_and_the_daemon_lives() {
    let simulated = Simulated::with_settings("[daemon]\nstart_timeout_ms = 8000\ndrain_timeout_ms = 2000\n");
    // The table is there, and takes nothing.
    let path = simulated.home.path().join("ops.db");
    drop(Journal::open(&path).unwrap());
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch("CREATE TRIGGER refuse BEFORE INSERT ON capacity_sample BEGIN SELECT raise(ABORT, 'refused'); END")
        .unwrap();
    drop(database);
    let outcome = simulated.link();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    simulated.until("the warning", || {
        let log = std::fs::read_to_string(simulated.home.session("main").join("logs/wppd.log")).unwrap_or_default();
        if log.contains("a sample for `wpp capacity` was not written") { Ok(()) } else { Err(log) }
    });
    assert_eq!(simulated.state().0, "READY");
}

#[test]
fn no_samples_are_taken_when_the_settings_say_so() {
    let simulated = Simulated::with_settings("[capacity]\nsample_minutes = 0\n[daemon]\nstart_timeout_ms = 8000\n");
    assert_eq!(simulated.link().code, 0);
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let journal = Journal::open(&simulated.home.path().join("ops.db")).unwrap();
    assert!(History::of(&journal).read(None, 0).unwrap().is_empty());
}

#[test]
fn one_sample_tells_of_no_growth_and_says_how_many_it_takes() {
    let home = with_history(1, GIB);
    let (code, value) = home.json(&["capacity"]);
    let (machine, session) = (&value["data"]["machine"], &value["data"]["sessions"][0]);
    assert_eq!(code, 0, "{value}");
    for (known, why) in [("disk_growth", "disk_growth_unknown"), ("days_to_full", "days_to_full_unknown")] {
        assert!(machine[known].is_null() && machine[why].as_str().unwrap().contains("too short"), "{machine}");
    }
    assert!(session["growth"].is_null() && session["growth_unknown"].as_str().unwrap().contains("too short"), "{session}");
    assert_eq!(session["samples"], 1);
}

#[test]
fn a_clock_that_jumped_a_disk_that_shrank_and_a_session_that_is_gone_turn_no_growth() {
    let home = TestHome::sandbox();
    std::fs::create_dir_all(home.session("main")).unwrap();
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    let now_ms = clock::now_ms();
    let hours = 20 * 24;
    for hour in 0..hours {
        let grown = u64::try_from(hour).unwrap();
        let at_ms = now_ms - (hours - hour) * HOUR_MS;
        let used = 10 * GIB + grown * GIB / 24;
        // In the middle of the time the disk becomes a smaller one with the same on it.
        let total = if hour < hours / 2 { 200 * GIB } else { 60 * GIB };
        let seen = Sample { disk_total_bytes: total, ..sample(at_ms, (10 << 20) + grown * (1 << 20) / 24, total - used) };
        // The first half of it was seen by a session that was removed since.
        History::of(&journal).write(if hour < hours / 2 { "gone" } else { "main" }, &seen).unwrap();
        // Now and then a clock was a year ahead, and then a year behind.
        if hour % 100 == 50 {
            for away in [365, -365] {
                History::of(&journal).write("main", &sample(at_ms + away * DAY_MS, 10 << 20, 50 * GIB)).unwrap();
            }
        }
    }
    drop(journal);
    let (code, value) = home.json(&["capacity"]);
    assert_eq!(code, 0, "{value}");
    let growth = number(&value["data"]["machine"]["disk_growth"]["bytes_per_day"]) / GIB as f64;
    assert!((0.9..1.1).contains(&growth), "{growth}: {}", value["data"]["machine"]);
    let sessions = value["data"]["sessions"].as_array().unwrap();
    assert!(sessions.len() == 1 && sessions[0]["session"] == "main", "{sessions:?}");
    let warnings = value["warnings"].to_string();
    assert!(warnings.contains("dated ahead of this clock"), "{warnings}");
    let growth = number(&sessions[0]["growth"]["bytes_per_day"]) / f64::from(1 << 20);
    // What the files are now is measured as well, and there are none.
    assert!(growth < 1.1, "{growth}");
}
